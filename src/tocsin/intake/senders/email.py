"""E-mail: by the words of its subject, or by rules that the integration has. See `intake/mail/`.

The times that mail claims are not used: clocks of what sends mail are wrong too often, so arrival decides.
"""

import re
from collections.abc import Mapping

from tocsin.errors import Invalid
from tocsin.intake.mail.message import Mail, read_message
from tocsin.intake.mail.rules import FIRST_RULES, Rule, filled, read_rules, remembered
from tocsin.intake.mail.words import key_of, read_subject
from tocsin.intake.senders import EMAIL, Rules, Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Parsed,
    SetAside,
    Signal,
    Status,
    Unreadable,
    bounded_key,
    clipped,
    links_of,
    severity_of,
)

_ADDRESSES = re.compile(r"https?://[^\s<>\"')\]]{1,2000}")
_MOST_LINKS = 5


def parse(body: bytes) -> Parsed:
    """By the subject's words."""
    mail = read_message(body)
    return Parsed(()) if mail.automatic else Parsed((_by_words(mail),))


def parse_by(rules: str, body: bytes) -> Parsed:
    """By rules (their YAML): the first that fits decides."""
    try:
        how = remembered(rules)
    except Invalid as error:
        raise Unreadable("mapping", error.message) from error
    mail = read_message(body)
    if mail.automatic:
        return Parsed(())
    for number, rule in enumerate(how.rules):
        caught = rule.groups(mail)
        if caught is not None:
            return _by_rule(f"mapping.rules[{number}]", rule, caught, mail, how.words)
    if how.otherwise == "set aside":
        reason = f"no rule fits the subject {clipped(mail.subject, 200)!r}"
        return Parsed((), (SetAside("subject", reason, mail.rendered()),))
    return Parsed(()) if how.otherwise == "ignored" else Parsed((_by_words(mail),))


def show(body: bytes) -> str:
    """A mail as people read it, and as it can be tried again; without the address that it was sent to."""
    try:
        return read_message(body).rendered()
    except Unreadable:
        return ""


def _by_words(mail: Mail) -> Signal:
    said = read_subject(mail.subject)
    about = said.about or mail.subject or mail.text.partition("\n")[0]
    return _signal(mail, about, key_of(about), said.status, severity_of(said.severity))


def _by_rule(place: str, rule: Rule, caught: Mapping[str, str], mail: Mail, words: Mapping[str, str]) -> Parsed:
    if rule.then == "ignored":
        return Parsed(())
    said = read_subject(mail.subject)
    about = said.about or mail.subject or mail.text.partition("\n")[0]
    known = {"subject": about, "from": mail.sender, **caught}
    told = {name: filled(text, known) for name, text in rule.texts.items()}
    for name in ("dedup_key", "title"):
        if name in told and not told[name]:
            reason = f"comes to nothing for the subject {clipped(mail.subject, 200)!r}"
            return Parsed((), (SetAside(f"{place}.{name}", reason, mail.rendered()),))
    status: Status = said.status
    if rule.resolved is not None:
        status = "resolved" if rule.resolved.search(mail.subject) else "firing"
    elif rule.then is not None:
        status = "resolved" if rule.then == "resolves" else "firing"
    severity = told.get("severity") or caught.get("severity") or said.severity
    labels = {name: value for name, value in caught.items() if name not in ("service", "severity", "state")}
    labels |= {name: filled(text, known) for name, text in rule.labels.items()}
    signal = _signal(
        mail,
        told.get("title") or about,
        told.get("dedup_key") or key_of(about),
        status,
        severity_of(words.get(severity.lower(), severity)),
        labels,
        told.get("service") or caught.get("service"),
    )
    return Parsed((signal,))


def _signal(
    mail: Mail,
    title: str,
    key: str,
    status: Status,
    severity: str,
    labels: Mapping[str, str] | None = None,
    service: str | None = None,
) -> Signal:
    given = {"from": mail.sender, **(labels or {})}
    return Signal(
        dedup_key=bounded_key(key),
        status=status,
        severity=severity_of(severity),
        title=clipped(title, LONGEST_TITLE),
        labels={clipped(name, 200): clipped(value, 200) for name, value in given.items() if value},
        annotations={"description": clipped(mail.text)} if mail.text else {},
        links=links_of([("Link", url) for url in _ADDRESSES.findall(mail.text)[:_MOST_LINKS]]),
        service=clipped(service, 200) if service else None,
    )


SENDER = Sender(
    name=EMAIL,
    title="E-mail",
    parse=parse,
    example="From: monitor@larkfield.example\nSubject: PROBLEM: Card payments are failing\n\nErrors: 31 a minute.\n",
    rules=Rules(FIRST_RULES, read_rules, parse_by, "rules with what the subject, body or sender must say"),
    show=show,
)
