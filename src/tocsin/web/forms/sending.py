"""A form: what it shows, what it carries out. Parses what people write; decides nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from starlette.datastructures import FormData, UploadFile

from tocsin.errors import Invalid, TocsinError
from tocsin.identity.actor import Right
from tocsin.identity.commands import once
from tocsin.runbook.durations import parse_duration
from tocsin.web.instants import parse_instant
from tocsin.web.screens import Asked
from tocsin.web.views.common import Action, FormView

LARGEST_FIELD = 1 << 20
LARGEST_FILE = 25 << 20


@dataclass(frozen=True)
class Told:
    """What a form answers with on a page of its own, at no address: a secret that is shown this once, or a result."""

    title: str
    text: str
    secret: str
    back: str
    template: str = "told_once.html"


@dataclass(frozen=True)
class Sent:
    """Where the browser goes after a form, and what it confirms there; `undo` takes it back at once."""

    to: str
    toast: str = ""
    told: Told | None = None
    undo: Action | None = None


@dataclass(frozen=True)
class File:
    """An uploaded file."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Given:
    """What a person wrote into a form, read by name; Invalid names the field."""

    form: FormData
    now: datetime
    files: Mapping[str, File]

    def text(self, name: str) -> str:
        """Trimmed text; Invalid when empty."""
        value = self.optional(name)
        if not value:
            raise Invalid("write something here", name)
        return value

    def optional(self, name: str) -> str:
        """Trimmed text, '' when there is none."""
        value = self.form.get(name)
        if not isinstance(value, str):
            return ""
        if "\0" in value:
            raise Invalid("this holds a character that no text may have (NUL)", name)
        return value.strip()

    def or_none(self, name: str) -> str | None:
        """Trimmed text or None."""
        return self.optional(name) or None

    def yes(self, name: str) -> bool:
        """Whether a box is ticked or a button said yes."""
        return self.optional(name) == "yes"

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a field."""
        return tuple(value for value in self.form.getlist(name) if isinstance(value, str) and value)

    def words(self, name: str) -> tuple[str, ...]:
        """Comma- or space-separated ids."""
        return tuple(dict.fromkeys(" ".join(self.many(name)).replace(",", " ").split()))

    def number(self, name: str) -> int:
        """A whole number."""
        try:
            return int(self.text(name))
        except ValueError:
            raise Invalid("write a whole number", name) from None

    def instant(self, name: str) -> datetime | None:
        """'14:05', '-5m', 'yesterday 22:10', RFC 3339; UTC. None when empty."""
        value = self.optional(name)
        return parse_instant(value, self.now, name) if value else None

    def duration(self, name: str) -> timedelta | None:
        """'15m', '1h30m'; None when empty."""
        value = self.optional(name)
        if not value:
            return None
        try:
            return parse_duration(value)
        except ValueError as error:
            raise Invalid(str(error), name) from None

    def file(self, name: str) -> File | None:
        """An uploaded file, None when none was chosen."""
        return self.files.get(name)


@dataclass(frozen=True)
class Form:
    """One form at one path. Without `show` it is only a button."""

    path: str
    do: Callable[[Asked, Given], Sent]
    show: Callable[[Asked], FormView] | None = None
    right: Right = Right.RESPONDER
    page: str = "incidents"
    largest: int = LARGEST_FIELD

    def carry_out(self, asked: Asked, form: FormData, files: Mapping[str, File]) -> Sent:
        """Carry it out, once for each `command` id that the browser gave it."""
        given = Given(form, asked.now, files)
        command = given.or_none("command")
        if command is None:
            return self.do(asked, given)
        body = sha256(repr(sorted((k, v) for k, v in form.multi_items() if k != "csrf")).encode()).digest()

        def work() -> list[str]:
            sent = self.do(asked, given)
            return [sent.to, sent.toast]

        answer, _ = once(asked.connection, asked.actor, command, body, asked.now, work)
        return Sent(answer[0], answer[1])

    @staticmethod
    async def read_files(form: FormData) -> dict[str, File]:
        """The uploaded files' content; Invalid above the limit."""
        found = {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile) and value.filename:
                content = await value.read(LARGEST_FILE + 1)
                if len(content) > LARGEST_FILE:
                    raise Invalid(
                        f"the file is larger than {LARGEST_FILE >> 20} MiB; keep it elsewhere and add a link", name
                    )
                found[name] = File(value.filename, content, value.content_type or "application/octet-stream")
        return found

    @staticmethod
    def with_given(view: FormView, form: FormData | None, error: TocsinError | None) -> FormView:
        """The form again, with what was written and what is wrong with it."""
        if form is None and error is None:
            return view
        mistakes = {m.field: m.message for m in error.mistakes} if isinstance(error, Invalid) else {}
        known = {field.name for field in view.fields}
        fields = tuple(
            replace(
                field,
                value=str(form.get(field.name, field.value))
                if form is not None and field.kind != "password"
                else field.value,
                error=mistakes.get(field.name, ""),
            )
            for field in view.fields
        )
        elsewhere = [message for name, message in mistakes.items() if name not in known]
        if error is not None and not mistakes:
            elsewhere = [error.message]
        return replace(view, fields=fields, error=" ".join(elsewhere))
