"""Rules for mail: the first that fits decides, mistakes are named, and nothing keeps them busy."""

import time

import pytest

from tocsin.errors import Invalid
from tocsin.intake.mail.rules import FIRST_RULES, read_rules
from tocsin.intake.senders.email import parse_by
from tocsin.intake.signal import Signal

RULES = r"""
rules:
  - from: 'newsletter@'
    then: ignored
  - subject: '^(?P<state>PROBLEM|RECOVERY): (?P<service>[a-z-]+) (?P<check>.+)$'
    body: 'Host: (?P<host>\S+)'
    resolved: '^RECOVERY'
    dedup_key: '{service} {check}'
    title: '{check} of {service}'
    severity: '{level}sev_a'
    labels: {environment: production}
  - subject: 'nothing in it'
    title: '{missing}'
severities: {sev_a: critical}
otherwise: set aside
"""


def mail(subject: str, text: str = "Host: db-1", sender: str = "monitor@larkfield.example") -> bytes:
    return f"From: {sender}\nSubject: {subject}\n\n{text}\n".encode()


def one(body: bytes) -> Signal:
    (signal,) = parse_by(RULES, body).signals
    return signal


def test_what_its_groups_catch_becomes_the_alert() -> None:
    began, over = one(mail("PROBLEM: ledger Disk full")), one(mail("RECOVERY: ledger Disk full"))
    assert (began.status, over.status) == ("firing", "resolved")
    assert began.dedup_key == over.dedup_key == "ledger Disk full"
    assert (began.title, began.service, began.severity) == ("Disk full of ledger", "ledger", "critical")
    assert began.labels == {
        "from": "monitor@larkfield.example", "check": "Disk full", "host": "db-1", "environment": "production",
    }  # fmt: skip


def test_all_that_a_rule_names_must_be_found_and_the_first_decides() -> None:
    assert parse_by(RULES, mail("PROBLEM: ledger Disk full", sender="newsletter@x.example")).signals == ()
    left = parse_by(RULES, mail("PROBLEM: ledger Disk full", text="no such line"))
    assert [(each.place, "no rule fits" in each.reason) for each in left.set_aside] == [("subject", True)]


def test_a_title_that_comes_to_nothing_is_set_aside() -> None:
    (aside,) = parse_by(RULES, mail("nothing in it")).set_aside
    assert aside.place == "mapping.rules[2].title"


def test_the_first_rules_are_right_and_words_decide_otherwise() -> None:
    read_rules(FIRST_RULES)
    (signal,) = parse_by(FIRST_RULES, mail("Backup failed on db-1 is OK")).signals
    assert signal.status == "resolved"
    assert parse_by("otherwise: ignored", mail("x")).signals == ()


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("- a", "mapping", "with a list"),
        ("rules: [a", "mapping", "no YAML"),
        ("rules: [{subject: '('}]", "mapping.rules[0].subject", "no expression"),
        ("rules: [{subject: 'a(?=b)'}]", "mapping.rules[0].subject", "no expression"),
        ("rules: [{title: a}]", "mapping.rules[0]", "subject"),
        ("rules: [{subject: a, key: b}]", "mapping.rules[0].key", "unknown"),
        ("rules: [{subject: a, then: pages}]", "mapping.rules[0].then", "one of"),
        ("rules: [{subject: a, labels: [b]}]", "mapping.rules[0].labels", "names"),
        ("otherwise: page", "mapping.otherwise", "one of"),
        ("rules: []\nrulez: []", "mapping.rulez", "unknown"),
        ("severities: {a: [b]}", "mapping.severities.a", "text"),
    ],
)
def test_each_mistake_is_named(text: str, field: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        read_rules(text)
    named = [each.field for each in refused.value.mistakes] or [refused.value.field]
    assert field in named


def test_no_expression_takes_time_that_grows_faster_than_the_text() -> None:
    began = time.process_time()
    parse_by("rules: [{body: '(a|a)*(a|aa)+$b'}]\notherwise: ignored", mail("s", text="a" * 20_000))
    assert time.process_time() - began < 2, "a backtracking engine would take years"
