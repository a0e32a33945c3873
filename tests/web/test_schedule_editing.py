"""A schedule that is changed without scripts: each button reloads the page with the draft, and nothing written is lost."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oncall.test_schedule import layered
from tests.web.conftest import Browser
from tocsin.errors import Invalid
from tocsin.identity.keys import Keys
from tocsin.organisation.model.schedule import Schedule
from tocsin.web.forms.draft import (
    Draft,
    LayerDraft,
    addressed,
    draft_of,
    pressed,
    read_draft,
    to_schedule,
    typed,
    written,
)

FRESH = LayerDraft(people=("kofi",), starts="2026-11-02")


@given(schedule=layered.filter(lambda each: all(len(layer.hours) < 20 for layer in each.rotations)))
def test_a_schedule_is_the_same_after_the_form_and_back(schedule: Schedule) -> None:
    draft = draft_of("any", schedule)
    assert read_draft(dict(written(draft))) == draft
    assert draft_of("any", to_schedule(draft)) == draft


buttons = st.sampled_from(
    ["add-layer", "drop-layer", "up-layer", "down-layer", "up", "down", "out", "add-hours", "drop-hours", "look", "?"]
)
presses = st.lists(
    st.tuples(buttons, st.integers(0, 3), st.integers(0, 3)).map(lambda each: f"{each[0]}:{each[1]}:{each[2]}")
    | st.text(max_size=20)
)


@given(schedule=layered, many=presses)
def test_no_button_breaks_a_draft_or_loses_what_is_written(schedule: Schedule, many: list[str]) -> None:
    draft = draft_of("any", schedule)
    for button in many:
        before = draft
        draft = pressed(draft, button, FRESH)
        assert draft.name == before.name
        if button.startswith(("up", "down")):
            assert sorted(sum((each.people for each in draft.layers), ())) == sorted(
                sum((each.people for each in before.layers), ())
            )
    assert read_draft(dict(written(draft))) == draft


@given(
    values=st.dictionaries(st.sampled_from(["layers", "l0.hours", "l0.p0", "l0.every", "name"]), st.text(max_size=9))
)
def test_whatever_stands_in_the_address_is_a_draft_or_a_mistake_that_is_told(values: dict[str, str]) -> None:
    with suppress(Invalid):  # any other error would be ours
        to_schedule(read_draft(values))


def test_a_mistake_stands_under_its_field() -> None:
    layer = LayerDraft(people=("kofi",), starts="2026-11-02", every="5m", time_zone="Atlantis")
    with pytest.raises(Invalid) as wrong:
        to_schedule(Draft("x", "X", "", (layer,)))
    assert {mistake.field for mistake in wrong.value.mistakes} == {"l0.every", "l0.time_zone"}


def test_the_whole_way_with_plain_forms(dana: Browser) -> None:
    fields = {"name": "Nights", "id": "", "team": "", "layers": "1", "l0.p0": "dana", "l0.more": "kofi"}
    fields |= {"l0.every": "1 week", "l0.starts": "2026-11-02", "l0.handover": "9:00", "l0.time_zone": "UTC"}
    page = dana.send("/oncall/schedules/new", do="look", **fields)
    assert "instead of nobody" in page and "Kofi Mensah" in page
    page = dana.send("/oncall/schedules/new", do="save", **fields)
    assert "Saved. It counts from now on." in page and "Dana Okafor and Kofi Mensah take turns of 1 week" in page
    assert "Nothing changes in these six weeks." in dana.get("/oncall/schedules/nights/edit")
    page = dana.send("/oncall/schedules/nights/edit", do="save", **{**fields, "l0.every": "1m"})
    assert "A turn lasts an hour to a year" in page
    assert "There is a schedule of that id already." in dana.send("/oncall/schedules/new", do="save", **fields)
    assert "Removed." in dana.send("/oncall/schedules/nights/remove")


def test_what_files_own_has_no_form(dana: Browser) -> None:
    assert "Change it there and apply" in dana.get("/oncall/schedules/checkout")
    assert "change it there and apply" in dana.get("/oncall/schedules/checkout/edit", 409)


SECRET = "https://calendar.example/ical/0f3c9a71/basic.ics"


def test_a_calendars_address_stands_in_no_address_bar(dana: Browser) -> None:
    asked = {"name": "Night", "layers": "0", "calendar": SECRET, "calendar_zone": "UTC", "do": "look"}
    asked["csrf"] = dana.csrf()
    sent = dana.client.post("/oncall/schedules/new", data=asked, follow_redirects=False)
    assert sent.status_code == 303
    place = sent.headers["location"]
    assert "0f3c9a71" not in place and "calendar=sealed" in place
    shown = dana.get(place.partition("#")[0])
    assert f'value="{SECRET}"' in shown, "and yet it need not be typed again"


@given(st.text(max_size=300).map(str.strip))
def test_what_is_sealed_is_read_as_it_was_typed(calendar: str) -> None:
    keys = Keys.generate()
    draft = Draft("night", "Night", calendar=calendar)
    shown = addressed(draft, keys)
    assert typed(read_draft(dict(written(shown))), keys) == draft
    assert typed(read_draft(dict(written(shown))), Keys.generate()).calendar == ("" if calendar else calendar)
