"""The room as the mock tells it, built from the same facts by pure functions."""

import gzip
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.web import story
from tocsin.web.assets import asset_text
from tocsin.web.pages.room.building import build_room
from tocsin.web.rendering import Renderer
from tocsin.web.views.common import Person, Shell


@pytest.fixture
def shell() -> Shell:
    """Dana looks."""
    return Shell(now=story.ROOM_AT, page="room", person=Person("dana", "Dana Okafor"), csrf="x", responds=True)


def test_the_first_five_minutes_name_the_one_step_that_is_left() -> None:
    room = build_room(story.sources(story.FIRST_FIVE_AT, story.FIRST_FIVE))
    assert room.first_five is not None
    left = [step for step in room.first_five.steps if step.state != "done"]
    assert [step.text for step in left] == ["Could a feature flag help?"]
    assert left[0].state == "next"
    assert room.first_five.done == len(room.first_five.steps) - 1
    assert room.first_five.clock.text(story.FIRST_FIVE_AT) == "01:40"


def test_finished_first_five_minutes_fold_to_one_line_and_leave_the_clocks() -> None:
    room = build_room(story.sources(story.ROOM_AT))
    assert room.first_five is not None
    assert room.first_five.ended_in == "4:31"
    assert room.first_five.spare == "0:29 to spare"
    assert "First five minutes" not in [clock.label for clock in room.clocks]


def test_the_clocks_stand_in_their_order() -> None:
    room = build_room(story.sources(story.ROOM_AT))
    assert [clock.label for clock in room.clocks] == [
        "Elapsed",
        "Customer impact",
        "Roll back checkout-api: did it work?",
        "Internal update due",
        "Status page due",
        "Now",
    ]
    assert room.clocks[0].text(story.ROOM_AT) == "19:17"
    assert room.clocks[1].state(story.ROOM_AT) == "impact"


def test_empty_required_roles_shout_on_top_with_the_person_to_page() -> None:
    roles = build_room(story.sources(story.FIRST_FIVE_AT, story.FIRST_FIVE)).roles
    assert roles is not None
    assert roles.rows[0].shout
    assert any("Page Inês Duarte" in action.label for row in roles.rows for action in row.actions)


def test_every_shout_has_an_action_beside_it() -> None:
    roles = build_room(story.sources(story.FIRST_FIVE_AT, story.FIRST_FIVE)).roles
    assert roles is not None
    assert all(row.actions for row in roles.rows if row.shout)


def test_the_rail_shows_past_times_and_what_later_phases_wait_for() -> None:
    rail = build_room(story.sources(story.ROOM_AT)).rail
    assert [step.state for step in rail] == ["done", "done", "now", "", "", "", ""]
    assert rail[0].note == "1:16 from first page"
    assert rail[3].note == "needs 4 of 4 criteria"
    assert rail[6].note == "within 48 h"


def test_a_viewer_sees_the_same_room_without_buttons(shell: Shell) -> None:
    room = build_room(replace(story.sources(story.ROOM_AT), responds=False))
    page = Renderer.at("").page("room.html", room, shell)
    main = page.split('<main id="main"')[1].split("</main>")[0]
    assert "<form" not in main
    assert "/do/" not in main


def test_suspects_stand_with_their_score_and_its_reason() -> None:
    suspects = build_room(story.sources(story.ROOM_AT)).suspects
    assert suspects is not None
    assert suspects.rows[0].score == 0.94
    assert "2:20 before impact" in suspects.rows[0].detail
    assert suspects.rows[0].verdict is not None  # it was rolled back


def test_a_clock_that_ran_out_is_loud_and_counts_up(shell: Shell) -> None:
    later = story.ROOM_AT + timedelta(minutes=20)
    page = Renderer.at("").page("room.html", build_room(story.sources(later)), replace(shell, now=later))
    assert "clock--late" in page
    assert ">+06:08<" in page  # the internal update was due 14:41:40


def test_pages_stay_within_their_budget(shell: Shell) -> None:
    page = Renderer.at("").page("room.html", build_room(story.sources(story.ROOM_AT)), shell)
    assert len(gzip.compress(page.encode())) < 60_000
    styles = "".join(asset_text(name) for name in ("tokens.css", "app.css", "more.css"))
    assert len(gzip.compress(styles.encode())) < 20_000
    scripts = "".join(asset_text(name) for name in ("theme.js", "tocsin.js", "live.js", "keys.js", "page.js"))
    assert len(gzip.compress(scripts.encode())) < 12_000


def test_below_a_base_path_every_link_carries_it(shell: Shell) -> None:
    page = Renderer.at("/tocsin").page("room.html", build_room(story.sources(story.ROOM_AT)), shell)
    links = [part.split('"')[0] for part in page.split('href="')[1:]]
    assert all(link.startswith(("/tocsin", "#", "?", "https://")) for link in links), links
