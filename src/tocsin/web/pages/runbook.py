"""The runbook: the document on the left, what Tocsin does about each section on the right."""

from dataclasses import dataclass

from markupsafe import Markup

from tocsin.errors import NotFound
from tocsin.organisation.queries import everything
from tocsin.runbook.bundle import default_text
from tocsin.runbook.document import Heading, is_block, markdown
from tocsin.runbook.explain import Explained, explained
from tocsin.runbook.reading import read
from tocsin.web import format as say
from tocsin.web.markdown import clean
from tocsin.web.screens import Answer, Asked, Screen

_MODES = {"enforced": "Enforced", "asked": "Asked", "recorded": "Recorded", "people": "Left to people"}


@dataclass(frozen=True)
class Line:
    """One section of the document, and beside it what Tocsin does."""

    number: str
    anchor: str
    title: str
    level: int
    text: Markup
    rules: tuple[tuple[str, str, str], ...]  # mode, word, sentence


@dataclass(frozen=True)
class RunbookView:
    """The whole page."""

    title: str
    lede: str
    rest: str
    lines: tuple[Line, ...]
    source: str
    services: tuple[tuple[str, str], ...]
    findings: tuple[tuple[int, str], ...]
    service: str


def load(asked: Asked) -> Answer:
    """The organisation's runbook, or with a service in the path that service's own."""
    organisation = everything(asked.connection)
    service = str(asked.path.get("service", ""))
    if service:
        text = organisation.runbook_for(service)
        if text is None:
            raise NotFound(f"'{service}' has no runbook of its own; the organisation's holds")
        source = f"the runbook of {service}"
    else:
        own = organisation.base_runbook
        text, source = own or default_text(), "the organisation's own" if own else "ships with Tocsin"
    reading = read(text)
    rules = explained(reading)
    by_section: dict[str, list[Explained]] = {}
    for rule in rules:
        by_section.setdefault(rule.section, []).append(rule)
    lines = tuple(
        _line(heading, body, by_section.get(heading.number, []))
        for heading, body in _sections(text, reading.document.headings)
    )
    counts = {mode: sum(rule.mode == mode for rule in rules) for mode in _MODES}
    rest = (
        f"Of {len(rules)} things that it says, {counts['enforced']} are enforced, {counts['asked']} asked, "
        f"{counts['recorded']} recorded, {counts['people']} left to people."
    )
    services = tuple((key, spec.name) for key, spec in organisation.services.items() if organisation.runbook_for(key))
    view = RunbookView(
        reading.document.title,
        "Tocsin follows this document.",
        rest,
        lines,
        source,
        services,
        tuple((finding.line, f"{finding.what} {finding.fix}".strip()) for finding in reading.findings),
        service,
    )
    return Answer(view, frozenset({"organisation"}), live=False)


def _sections(text: str, headings: tuple[Heading, ...]) -> list[tuple[Heading, Markup]]:
    """Each numbered heading with its prose, without the blocks."""
    source = text.replace("\r\n", "\n").split("\n")
    found = []
    numbered = [heading for heading in headings if heading.number]
    for heading in numbered:
        after = next((other.line for other in headings if other.line > heading.line), len(source) + 1)
        tokens = markdown().parse("\n".join(source[heading.line : after - 1]))
        prose = [token for token in tokens if not (token.type == "fence" and is_block(token.info))]
        rendered = markdown().renderer.render(prose, markdown().options, {})
        found.append((heading, clean(rendered)))
    return found


def _line(heading: Heading, text: Markup, rules: list[Explained]) -> Line:
    said = tuple((rule.mode, _MODES[rule.mode], say.sentence(rule.sentence)) for rule in rules)
    return Line(heading.number, f"s{heading.number.replace('.', '-')}", heading.title, heading.level, text, said)


SCREENS = (
    Screen("/runbook", "runbook", "runbook.html", load),
    Screen("/runbook/services/{service}", "runbook", "runbook.html", load),
)
