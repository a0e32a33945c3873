"""Loading files: every mistake at once, each with its file, line, field, what is wrong and the nearest valid name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import ConfigurationError
from tocsin.organisation.load import load_directory, load_texts
from tocsin.organisation.model.service import Service

PEOPLE = """\
people:
  mara: {name: Mara Lindqvist, email: mara@example.com, time_zone: Europe/Stockholm}
  kofi: {name: Kofi Mensah, email: kofi@example.com, time_zone: Africa/Accra}
"""
TEAMS = """\
teams:
  payments: {name: Payments, members: [mara, kofi]}
"""


def mistakes(*files: str, **more: str) -> list[str]:
    texts = {f"{place}.yaml": text for place, text in enumerate(files)} | more
    return [str(each) for each in load_texts(texts).mistakes]


def test_the_example_of_the_docs_has_no_mistake() -> None:
    loaded = load_directory(Path(__file__).parents[2] / "docs/examples/larkfield")
    assert [str(each) for each in loaded.mistakes] == []
    checkout = loaded.objects["service", "checkout-api"]
    assert isinstance(checkout, Service)
    assert checkout.runbook == "checkout-api"
    assert set(checkout.checks) == {"failing-payments", "latency", "pool-use", "approvals"}


def test_every_mistake_is_told_at_once_with_its_place_and_the_nearest_name() -> None:
    text = """\
services:
  checkout-api:
    name: Checkout
    team: paymnts
    teir: 1
  search:
    name: Search
    team: paymnts
    tier: 9
    depends_on: [checkout-api, serach]
schedules:
  payments:
    name: Payments
    rotations:
      - people: [marra]
        starts: 2026-11-06
        time_zone: Europe/Stokholm
policies:
  payments:
    name: Payments
    steps:
      - page: [{schedul: payments}]
        wait: 5
"""
    zone = "'Europe/Stokholm' is no time zone; did you mean 'Europe/Stockholm'?"
    assert mistakes(PEOPLE, TEAMS, text) == [
        "2.yaml:4: services.checkout-api.team: there is no team 'paymnts'. Did you mean 'payments'?",
        "2.yaml:5: services.checkout-api.teir: there is no such field. Did you mean 'tier'?",
        "2.yaml:8: services.search.team: there is no team 'paymnts'. Did you mean 'payments'?",
        "2.yaml:9: services.search.tier: should be less than or equal to 4, not '9'.",
        "2.yaml:10: services.search.depends_on.1: there is no service 'serach'. Did you mean 'search'?",
        "2.yaml:15: schedules.payments.rotations.0.people.0: there is no person 'marra'. Did you mean 'mara'?",
        f"2.yaml:17: schedules.payments.rotations.0.time_zone: {zone}",
        "2.yaml:22: policies.payments.steps.0.page.0.schedul: there is no such field. Did you mean 'schedule'?",
        "2.yaml:23: policies.payments.steps.0.wait: 5 is no duration: write a number and a unit, for example 5m.",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("peopel:\n  a: {}\n", "0.yaml:1: peopel: there is no such kind of object. Did you mean 'people'?"),
        ("people: [a]\n", "0.yaml:1: people: must hold ids, each with its fields below it."),
        (
            "people:\n  A B: {}\n",
            "0.yaml:2: people.A B: 'A B' is no id; use lower-case letters, digits, '-', '.' and '_'.",
        ),
        ("people:\n  a: 3\n", "0.yaml:2: people.a: must hold fields, one a line below it."),
        (
            "people:\n  a:\n    name: A\n",
            "0.yaml:2: people.a.email: is needed.",
        ),
        ("people:\n  a: {name: A, email: nobody}\n", "0.yaml:2: people.a.email: 'nobody' is no e-mail address."),
        ("people:\n  a: {name: 12, email: a@b}\n", "0.yaml:2: people.a.name: must be text; put it into quotes."),
        ("teams:\n  t: {name: T, members: mara}\n", "0.yaml:2: teams.t.members: must be a list, such as [a, b]."),
        ("people:\n\ta: 1\n", "0.yaml:2: This is not YAML: found character that cannot start any token."),
        ("- a\n", "0.yaml:1: must hold some of these keys"),
        ("x: &a 1\n", "0.yaml:1: Anchors and aliases are not read here."),
        ("people:\n  a: {name: A, name: B, email: a@b}\n", "0.yaml:2: people.a.name: stands twice, first on line 2."),
        ("vendors:\n  v: {name: V, phone: +4420}\n", "0.yaml:2: vendors.v.phone: must be text; put it into quotes."),
    ],
)
def test_a_mistake_says_what_is_wrong(text: str, told: str) -> None:
    assert any(found.startswith(told) for found in mistakes(text))


def test_the_kind_of_a_check_is_told_when_it_is_wrong() -> None:
    service = "services:\n  s:\n    name: S\n    team: payments\n    checks:\n      c: {kind: %s}\n"
    assert mistakes(PEOPLE, TEAMS, service % "promq, query: up, threshold: 1") == [
        "2.yaml:6: services.s.checks.c.kind: kind 'promq' is not valid. Did you mean 'promql'?"
    ]
    assert mistakes(PEOPLE, TEAMS, service % "promql, query: up, treshold: 1") == [
        "2.yaml:6: services.s.checks.c.treshold: there is no such field. Did you mean 'threshold'?",
    ]


def test_a_key_that_stands_twice_hides_no_other_mistake() -> None:
    text = TEAMS.replace("name: Payments", "name: A, name: B, members: [], polcy: x")
    assert mistakes(PEOPLE, text) == [
        "1.yaml:2: teams.payments.members: stands twice, first on line 2. Remove one.",
        "1.yaml:2: teams.payments.name: stands twice, first on line 2. Remove one.",
        "1.yaml:2: teams.payments.polcy: there is no such field. Did you mean 'policy'?",
        "1.yaml:2: teams.payments.policy: there is no policy 'x'.",
    ]


def test_an_id_may_stand_once_among_all_files() -> None:
    assert mistakes(PEOPLE, PEOPLE.replace("mara@", "m@").replace("kofi@", "k@")) == [
        "1.yaml:2: people.mara: stands also in 0.yaml:2. Remove one of them.",
        "1.yaml:3: people.kofi: stands also in 0.yaml:3. Remove one of them.",
    ]


def test_somebody_deactivated_can_be_named_nowhere() -> None:
    gone = PEOPLE.replace("Africa/Accra", "Africa/Accra, active: false")
    assert mistakes(gone, TEAMS) == [
        "1.yaml:2: teams.payments.members.1: 'kofi' is deactivated. Name somebody else, or remove `active: false`."
    ]


def test_two_people_cannot_have_one_address() -> None:
    assert mistakes(PEOPLE.replace("kofi@", "Mara@")) == [
        "0.yaml:3: people.kofi.email: people.mara has it too (0.yaml:2)."
    ]


def test_an_old_name_is_answered_with_the_new_one() -> None:
    people = PEOPLE.replace("name: Mara", "was: mia, name: Mara")
    assert mistakes(people, TEAMS.replace("[mara", "[mia")) == [
        "1.yaml:2: teams.payments.members.0: there is no person 'mia'. It is 'mara' now."
    ]


def test_words_that_yaml_would_twist_stay_as_they_are_written() -> None:
    text = TEAMS.replace("Payments", "no") + (
        "schedules:\n  s:\n    name: on\n    rotations:\n"
        "      - {people: [mara], starts: 2026-11-06, handover: 20:00, time_zone: UTC}\n"
    )
    loaded = load_texts({"a.yaml": PEOPLE, "b.yaml": text})
    assert loaded.mistakes == ()
    assert loaded.objects["team", "payments"].model_dump()["name"] == "no"
    assert loaded.objects["schedule", "s"].model_dump(mode="json")["rotations"][0]["handover"] == "20:00"


def test_a_runbook_is_found_by_its_path_and_checked_with_its_own_lines() -> None:
    service = "services:\n  s: {name: S, team: payments, runbook: runbooks/s.md}\n"
    texts = {"a.yaml": PEOPLE + TEAMS, "services/b.yaml": service}
    assert [str(each) for each in load_texts(texts | {"runbooks/z.md": "# Z"}).mistakes] == [
        "services/b.yaml:2: services.s.runbook: there is no file 'runbooks/s.md'. Did you mean 'runbooks/z.md'?"
    ]
    block = "```yaml tocsin\nrules:\n  call:\n    on: declared\n    do: [{page_team: nosuch}]\n```\n"
    wrong = f"# S\n\n## Now\n\nCall somebody.\n\n{block}"
    [told] = [str(each) for each in load_texts(texts | {"runbooks/s.md": wrong}).mistakes]
    assert told.startswith("runbooks/s.md:11: There is no team 'nosuch'.")
    loaded = load_texts(texts | {"services/runbooks/s.md": "# S\n"})
    assert loaded.mistakes == ()
    assert loaded.objects["runbook", "s"].model_dump()["text"] == "# S\n"


def test_a_file_that_cannot_be_read_does_not_make_the_others_look_wrong() -> None:
    people = "people: [\n" + PEOPLE.removeprefix("people:\n")
    assert [each.split(":")[:2] for each in mistakes(people, TEAMS)] == [["0.yaml", "3"]]
    # what stands nowhere, not even there, is told all the same
    [_, told] = mistakes(people, TEAMS.replace("kofi", "kofii"))
    assert told.startswith("1.yaml:2: teams.payments.members.1: there is no person 'kofii'.")


def test_a_path_that_leaves_the_directory_is_refused() -> None:
    texts = {"../a.yaml": PEOPLE}
    assert [str(each) for each in load_texts(texts).mistakes] == ["../a.yaml: must be a path inside the directory."]


def test_a_directory_is_read_with_its_folders_but_not_what_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "people.yaml").write_text(PEOPLE)
    (tmp_path / "teams" / "payments.yml").write_text(TEAMS)
    (tmp_path / ".git" / "x.yaml").write_text("nonsense")
    (tmp_path / "notes.txt").write_text("nonsense")
    loaded = load_directory(tmp_path)
    assert loaded.mistakes == ()
    assert {each.file for each in loaded.described} == {"people.yaml", "teams/payments.yml"}
    (tmp_path / "people.yaml").write_bytes(b"people: \xff")
    with pytest.raises(ConfigurationError, match=r"people.yaml' is not UTF-8 \(byte 8\)"):
        load_directory(tmp_path)


@given(text=st.text(st.sampled_from("people:\n a-{}[],'\"&*!|>#%@?0123\t"), max_size=120))
def test_whatever_stands_in_a_file_is_answered_with_mistakes_and_never_an_error(text: str) -> None:
    load_texts({"a.yaml": text})
