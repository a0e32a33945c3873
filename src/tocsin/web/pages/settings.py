"""Settings: yourself, people, the audit."""

from dataclasses import dataclass

from tocsin.errors import Forbidden
from tocsin.identity.accounts import all_accounts
from tocsin.identity.actor import NARROW_SCOPES, SCOPE_REACH, Right
from tocsin.identity.queries import audit_rows
from tocsin.identity.sessions import list_tokens
from tocsin.intake.queries import waiting_count
from tocsin.organisation.queries import everything
from tocsin.paging.methods import kinds, missing_here
from tocsin.paging.services import push_key
from tocsin.paging.usecases import list_methods, list_rules
from tocsin.web import format as say
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen


@dataclass(frozen=True)
class MethodRow:
    """A way to be paged."""

    id: str
    kind: str
    target: str
    verified: bool
    note: str
    pushed: bool = False
    """Whether the browser itself can enter its code."""


@dataclass(frozen=True)
class RuleRow:
    """A rule of one's own, as a sentence: when it fits and what then rings."""

    when: str
    then: str


@dataclass(frozen=True)
class TokenRow:
    """A token, without its secret."""

    id: str
    name: str
    scopes: str
    note: str


@dataclass(frozen=True)
class Me:
    """Your own page."""

    name: str
    right: str
    email: str
    zone: str
    methods: tuple[MethodRow, ...]
    kinds: tuple[tuple[str, str], ...]
    tokens: tuple[TokenRow, ...]
    scopes: tuple[str, ...]
    has_password: bool
    rules: tuple[RuleRow, ...]
    severities: tuple[tuple[str, str], ...]
    push_key: str = ""
    """What a browser subscribes to notifications with."""
    closed: tuple[str, ...] = ()
    """By which ways nobody can be paged on this installation: sentences."""


@dataclass(frozen=True)
class AccountRow:
    """Somebody who may sign in."""

    id: str
    name: str
    email: str
    right: str
    state: str
    active: bool
    signs_in: bool
    reachable: bool


_SEVERITIES = (
    ("", "Whatever it is"),
    ("error,warning,info", "All but critical and Sev1"),
    ("critical", "Critical and Sev1 alone"),
    ("warning,info", "Warnings, Sev3 and below"),
)


def load_menu(asked: Asked) -> Answer:
    """What there is to set."""
    rows = [
        ("/settings/me", "You", "How you are paged, tokens, password", "user"),
        ("/settings/people", "People", "Who may sign in, with which right", "people"),
        ("/settings/integrations", "Integrations", "Where alerts come in", "bell"),
        ("/settings/heartbeats", "Heartbeats", "What must be heard of every so often", "clock"),
    ]
    waiting = waiting_count(asked.connection)
    rows.append(
        (
            "/settings/set-aside",
            "Set aside",
            f"{say.figure(waiting, 'thing', 'things')} not understood" if waiting else "Nothing waits",
            "warn",
        )
    )
    rows.append(("/proof", "Proof of page", "Who was paged by what, and whether it came", "check"))
    if asked.actor.may(Right.ADMIN):
        rows.append(("/settings/audit", "Audit", "Who changed what outside incidents", "log"))
    return Answer({"rows": rows}, live=False)


def load_me(asked: Asked) -> Answer:
    """Your own ways to be paged and tokens."""
    if not asked.person_id:
        raise Forbidden("this page is a person's own; a token has none")
    account = next((each for each in all_accounts(asked.connection) if each.person_id == asked.person_id), None)
    person = everything(asked.connection).people.get(asked.person_id)
    methods = tuple(
        MethodRow(
            each.id,
            f"{each.kind_label}, {each.label}" if each.label else each.kind_label,
            each.target,
            each.verified_at is not None,
            each.missing[:1].upper() + each.missing[1:]
            if each.missing
            else f"Proved {say.moment(each.last_proven_at, asked.now)}"
            if each.last_proven_at
            else ("Verified" if each.verified_at else "Enter the code that was sent"),
            each.kind == "webpush",
        )
        for each in list_methods(asked.connection, asked.actor, asked.person_id)
    )
    tokens = tuple(
        TokenRow(
            token.id,
            token.name,
            ", ".join(token.scopes),
            f"last used {say.moment(token.last_used_at, asked.now)}" if token.last_used_at else "never used",
        )
        for token in list_tokens(asked.connection, asked.actor)
        if token.revoked_at is None and token.person_id == asked.person_id
    )
    closed = {kind: reason for kind in kinds() if (reason := missing_here(asked.connection, kind))}
    view = Me(
        asked.actor.name,
        asked.actor.right.word,
        (account.email or "") if account else "",
        person.time_zone if person else "UTC",
        methods,
        tuple(
            (kind, f"{method.label}: {method.example}")
            for kind, method in kinds().items()
            if method.example and kind not in closed  # what nobody types has none
        ),
        tokens,
        (*SCOPE_REACH, *NARROW_SCOPES),
        bool(account and account.has_password),
        _rules(asked, methods),
        _SEVERITIES,
        push_key(asked.parts.keys),
        tuple(f"{reason[:1].upper()}{reason[1:]}." for reason in closed.values()),
    )
    return Answer(view, frozenset({"people"}), live=False)


def _rules(asked: Asked, methods: tuple[MethodRow, ...]) -> tuple[RuleRow, ...]:
    names = {method.id: method.kind for method in methods}
    found = []
    for rule in list_rules(asked.connection, asked.actor, asked.person_id or ""):
        when = rule.sentence()
        by = [names[method] for method in rule.methods if method in names]
        then = (
            f"by {', then '.join(by)}" if by else "as without this rule" if rule.methods else "quiet: the next person"
        )
        found.append(RuleRow(f"{when[:1].upper()}{when[1:]}", then))
    return tuple(found)


def load_people(asked: Asked) -> Answer:
    """Accounts, and people of the organisation who have none."""
    organisation = everything(asked.connection)
    accounts = {account.person_id: account for account in all_accounts(asked.connection)}
    rows = []
    for key in sorted({*accounts, *organisation.people}):
        account, person = accounts.get(key), organisation.people.get(key)
        name = person.name if person else (account.name if account else key)
        active = (account.deactivated_at is None) if account else bool(person and person.active)
        state = "" if active else "Deactivated"
        verified = any(
            method.verified_at and not method.missing for method in list_methods(asked.connection, asked.actor, key)
        )
        email = (account.email if account else None) or (person.email if person else "") or ""
        rows.append(
            AccountRow(
                key,
                name,
                email,
                account.right.word if account else "no account",
                state,
                active,
                account is not None,
                verified,
            )
        )
    return Answer(
        {"rows": tuple(rows), "link": "", "rights": tuple(right.word for right in Right)},
        frozenset({"people"}),
        live=False,
    )


def load_audit(asked: Asked) -> Answer:
    """Newest first; `?by=ACTOR&before=ID`."""
    rows = audit_rows(
        asked.connection,
        asked.actor,
        by=asked.query.get("by") or None,
        before=asked.query.get("before") or None,
        limit=50,
    )
    known = people.names(asked.connection)
    shown = tuple(
        (
            row.at,
            known.of(row.actor_id),
            row.action,
            row.subject,
            ", ".join(f"{k} {v}" for k, v in row.data.items()),
            row.id,
        )
        for row in rows
    )
    return Answer(
        {"rows": shown, "next": rows[-1].id if len(rows) == 50 else "", "by": asked.query.get("by", "")}, live=False
    )


SCREENS = (
    Screen("/settings", "settings", "settings/menu.html", load_menu),
    Screen("/settings/me", "settings", "settings/me.html", load_me),
    Screen("/settings/people", "settings", "settings/people.html", load_people),
    Screen("/settings/audit", "settings", "settings/audit.html", load_audit, right=Right.ADMIN),
)
