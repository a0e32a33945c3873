"""However many mistakes of whatever sort the files have, all are told in one go, and nothing else is."""

import re
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tocsin.organisation.load import load_texts, texts_of
from tocsin.organisation.model import MODELS
from tocsin.organisation.model.check import HttpCheck, PersonCheck, PromqlCheck
from tocsin.organisation.model.fields import Target
from tocsin.organisation.model.policy import Step
from tocsin.organisation.model.schedule import Hours, Rotation
from tocsin.organisation.model.service import Link

LARKFIELD = texts_of(Path(__file__).parents[2] / "docs/examples/larkfield")
OBJECTS = (*MODELS.values(), HttpCheck, PersonCheck, PromqlCheck, Target, Step, Rotation, Hours, Link)
UNITS = "write a number and a unit (s, m, h, d, w), for example 15m or 48h."
FIELDS = {name for model in OBJECTS for name in model.model_fields}
REFERENCE = (
    r"\b(?:schedule|team|secondary_team|policy|default_policy|commander_schedule|security_team|service|person"
    r"|members|people|depends_on|vendors|last_resort|runbook): \[?([a-z][a-z./-]*)"
)
ORGANISATION_FILES = sorted(name for name in LARKFIELD if name.endswith(".yaml"))


def spoilt(line: str) -> Iterator[str]:
    """The line with one mistake in it, in each way that this line can have one."""
    key = re.match(r" +(?:- )?([a-z_]+):", line)
    if key and key[1] in FIELDS:
        yield line[: key.end(1)] + "x" + line[key.end(1) :]
    if "match: {" not in line and (reference := re.search(REFERENCE, line)):
        yield line[: reference.end(1)] + "-nosuch" + line[reference.end(1) :]
        yield line[: reference.start(1)] + "Upper/" + line[reference.start(1) :]
    for right, wrong in (
        (r"time_zone: [\w/]+", "time_zone: Europe/Nowhere"),
        (r"wait: \d+m", "wait: 2s"),
        (r"wait: \d+m", "wait: 5"),
        (r"interval: \d+s", "interval: soon"),
        (r"every: 1 (?:week|day)", "every: 30m"),
        (r"starts: [\d-]+", "starts: 06.11.2026"),
        (r"handover: \S+", 'handover: "25:00"'),
        (r"tier: \d", "tier: 7"),
        (r"kind: \w+", "kind: promqll"),
        (r"email: [^,}\s]+", "email: nobody"),
        (r"urgency: \w+", "urgency: pge"),
        (r'"test\|staging"', '"test|(staging"'),
        (r"url: \"?https", "url: ftp"),
        (r"active: true", "active: 3"),
    ):
        if re.search(right, line) and not re.match(r" +url:", line):
            yield re.sub(right, wrong, line)


PLACES = [
    (name, number, wrong)
    for name in ORGANISATION_FILES
    for number, line in enumerate(LARKFIELD[name].split("\n"), 1)
    for wrong in spoilt(line)
]


@given(st.lists(st.sampled_from(PLACES), min_size=1, max_size=40, unique_by=lambda place: place[:2]))
def test_each_of_many_mistakes_is_told_once_and_no_other(places: list[tuple[str, int, str]]) -> None:
    texts = dict(LARKFIELD)
    for name, number, wrong in places:
        lines = texts[name].split("\n")
        lines[number - 1] = wrong
        texts[name] = "\n".join(lines)
    told = load_texts(texts).mistakes
    assert sorted((each.file, each.line) for each in told) == sorted(place[:2] for place in places), [
        str(each) for each in told
    ]
    assert all(each.field and each.message for each in told)


def test_the_places_are_of_every_sort() -> None:
    assert len(PLACES) > 250
    assert {name for name, _, _ in PLACES} == set(ORGANISATION_FILES)


def said(**files: str) -> list[str]:
    texts = LARKFIELD | {f"{name}.yaml": text for name, text in files.items()}
    return [str(each) for each in load_texts(texts).mistakes]


def test_an_object_that_stands_twice_is_told_with_the_mistakes_of_both() -> None:
    again = "teams:\n  legal: {name: Legal, members: [saam]}\n  security: {nam: S, members: [owenn], polcy: securty}\n"
    assert said(again=again, zz="vendors:\n  paylane: {name: P, respons: soon}\n") == [
        "again.yaml:2: teams.legal.members.0: there is no person 'saam'. Did you mean 'sam'?",
        "again.yaml:3: teams.security.members.0: there is no person 'owenn'. Did you mean 'owen'?",
        "again.yaml:3: teams.security.nam: there is no such field. Did you mean 'name'?",
        "again.yaml:3: teams.security.polcy: there is no such field. Did you mean 'policy'?",
        "again.yaml:3: teams.security.policy: there is no policy 'securty'. Did you mean 'security'?",
        "teams.yaml:17: teams.security: stands also in again.yaml:3. Remove one of them.",
        "teams.yaml:21: teams.legal: stands also in again.yaml:2. Remove one of them.",
        "zz.yaml:2: vendors.paylane: stands also in vendors.yaml:2. Remove one of them.",
        "zz.yaml:2: vendors.paylane.respons: there is no such field. Did you mean 'response'?",
        "zz.yaml:2: vendors.paylane.response: 'soon' is no duration: " + UNITS,
    ]


def test_an_id_that_stands_twice_in_one_file_hides_nothing() -> None:
    text = "people:\n  a: {name: A, email: a@b, time_zone: Zzz}\n  a: {name: A, email: a@b, activ: true}\n"
    assert said(twice=text) == [
        "twice.yaml:2: people.a.time_zone: 'Zzz' is no time zone; write an IANA name such as 'Europe/Berlin'.",
        "twice.yaml:3: people.a: stands also in twice.yaml:2. Remove one of them.",
        "twice.yaml:3: people.a.activ: there is no such field. Did you mean 'active'?",
    ]


def test_a_wrong_bracket_hides_no_other_mistake_in_its_file_and_makes_no_name_unknown() -> None:
    wrong = LARKFIELD["people.yaml"].replace("email: mara.lindqvist@larkfield.example,", "email: [")
    wrong = wrong.replace("Asia/Tokyo", "Asia/Tokio").replace("name: Owen Price", "nme: Owen Price")
    told = said(people=wrong)
    assert told[0].startswith("people.yaml:4: This is not YAML:")
    assert told[1:] == [
        "people.yaml:13: people.yuki.time_zone: 'Asia/Tokio' is no time zone; did you mean 'Asia/Tokyo'?",
        "people.yaml:14: people.owen.nme: there is no such field. Did you mean 'name'?",
    ]


def test_a_key_of_a_whole_kind_that_is_nearly_right_hides_nothing_below_it() -> None:
    wrong = LARKFIELD["vendors.yaml"].replace("vendors:", "vendor:").replace("response: 30m", "response: half")
    assert said(vendors=wrong) == [
        "vendors.yaml:1: vendor: there is no such kind of object. Did you mean 'vendors'?",
        "vendors.yaml:10: vendors.paylane.response: 'half' is no duration: " + UNITS,
    ]


def test_an_object_with_a_mistake_is_looked_into_as_far_as_any_other() -> None:
    text = (
        "people:\n"
        "  Mia: {name: Mia, emial: x}\n"
        "  ben: {name: 3, email: owen.price@larkfield.example}\n"
        "services:\n"
        "  s: {name: S, team: legal, teir: 1, depends_on: [s, serch], runbook: runbooks/nosuch.md, was: search}\n"
    )
    assert said(zz=text) == [
        "zz.yaml:2: people.Mia: 'Mia' is no id; use lower-case letters, digits, '-', '.' and '_'.",
        "zz.yaml:2: people.Mia.email: 'x' is no e-mail address.",
        "zz.yaml:2: people.Mia.emial: there is no such field. Did you mean 'email'?",
        "zz.yaml:3: people.ben.email: people.owen has it too (people.yaml:14).",
        "zz.yaml:3: people.ben.name: must be text; put it into quotes.",
        "zz.yaml:5: services.s.depends_on.0: a service can't depend on itself.",
        "zz.yaml:5: services.s.depends_on.1: there is no service 'serch'. Did you mean 'search'?",
        "zz.yaml:5: services.s.runbook: there is no file 'runbooks/nosuch.md'. "
        "Did you mean 'runbooks/checkout-api.md'?",
        "zz.yaml:5: services.s.teir: there is no such field. Did you mean 'tier'?",
        "zz.yaml:5: services.s.was: 'search' is still the id of another service.",
    ]


def test_fields_or_a_list_where_an_id_belongs_are_told_what_to_write() -> None:
    wrong = LARKFIELD["organisation.yaml"].replace(
        "last_resort: [dana, petra]", "last_resort: [{person: dana}, [petra]]"
    )
    assert said(organisation=wrong) == [
        "organisation.yaml:4: organisation.last_resort.0: takes one word, not fields; write 'dana' alone.",
        "organisation.yaml:4: organisation.last_resort.1: takes one word, not a list.",
    ]
