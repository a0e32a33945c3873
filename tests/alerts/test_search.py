"""Alerts are found by labels and words: always all of them, the newest first, indexed or not."""

import asyncio
import random
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, update

from tests.alerts.night import Night, restrict, signal
from tocsin.alerts import queries
from tocsin.alerts.alert import Episode
from tocsin.alerts.queries.finding import content_of, segments_in_order
from tocsin.alerts.search.pieces import FIRST, Segment, Stretch, newest_first, stretches_between
from tocsin.alerts.search.postings import NO_TERMS, Terms, bucket_of, build, in_all, places_of
from tocsin.alerts.search.words import Content, fits, hashes_of, hashes_sought, may_fit, sought
from tocsin.alerts.usecases import segments
from tocsin.alerts.usecases.indexing import SearchKeeper, index_once, look_again
from tocsin.clock import SimulatedClock
from tocsin.errors import Invalid
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.store.database import Database
from tocsin.store.tables.alerts import alert_postings, alert_segments, alerts, changed_alerts, groups

SIZE = 5
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> SimulatedClock:
    """Behind the database server's own clock, by which it says since when transactions run."""
    return SimulatedClock(datetime(2024, 2, 5, 9, 0, tzinfo=UTC))


@pytest.fixture
def night(database: Database, clock: SimulatedClock) -> Night:
    return Night(database, clock)


def found(night: Night, words: str = "", limit: int = 1000, **asked: Any) -> list[Episode]:
    return night.database.read(lambda c: queries.alerts(c, SYSTEM, words=words, limit=limit, **asked))


def titles(some: Sequence[Episode]) -> list[str]:
    return [each.title for each in some]


def index(night: Night, size: int = SIZE) -> None:
    night.clock.advance(timedelta(seconds=6))
    while index_once(night.database, size) == "filled":
        pass


def count(night: Night, table: Any) -> int:
    return len(night.database.read(lambda c: c.execute(select(table)).all()))


# -- words


@pytest.mark.parametrize(
    ("typed", "is_found"),
    [
        ("card", True),
        ("CARD fail", True),
        ("pay", True),
        ("ayments", False),
        ("eu", True),
        ("e", False),
        ("eu-3", True),
        ("eu-4", False),
        ("error", True),
        ("higherr", True),
        ("rate", True),
        ("checkout", True),
        ("checkout-api", True),
        ("zebra", False),
        ("", True),
        ("…", True),
    ],
)
def test_an_alert_is_found_by_how_its_words_begin(typed: str, is_found: bool) -> None:
    labels = {"alertname": "HighErrorRate", "region": "eu-3"}
    content = Content("Card payments are failing", "checkout-api", None, labels)
    assert fits(content, sought(typed)) is is_found


def test_too_many_words_are_refused() -> None:
    with pytest.raises(Invalid, match="at most 12 words"):
        sought(" ".join(f"word{number}" for number in range(13)))


TEXT = st.text(st.sampled_from("abAB3 -_.Σςß'K\\\"é"), max_size=25)
LABELS = st.dictionaries(st.sampled_from("xyz"), TEXT, max_size=3)


@given(TEXT, LABELS, st.none() | TEXT, TEXT, st.data())
def test_what_fits_has_every_hash_and_passes_the_quick_look(
    title: str, labels: dict[str, str], service: str | None, typed: str, data: st.DataObject
) -> None:
    content = Content(title, service, "g", labels)
    words = sought(typed).words
    if words and data.draw(st.booleans()):
        cut = data.draw(st.integers(1, len(words[0])))
        typed = words[0][:cut]
    wanted = sought(typed, dict(list(labels.items())[:1]))
    if fits(content, wanted):
        assert set(hashes_sought(wanted, service, "g")) <= hashes_of(content)
        assert may_fit([title, service or "", *labels.values()], wanted.words)


@given(st.text(max_size=20))
def test_every_text_is_found_by_itself(text: str) -> None:
    assert fits(Content(text, None, None, {}), sought(text))


# -- postings


@given(st.lists(st.sets(st.integers(0, 2**32 - 1) | st.integers(0, 90), max_size=8), max_size=30))
def test_postings_tell_where_each_term_stands(alerts_terms: list[set[int]]) -> None:
    buckets = build(alerts_terms)
    for term in {0, 5, 64, 2**32 - 1}.union(*alerts_terms):
        there = [place for place, terms in enumerate(alerts_terms) if term in terms]
        assert list(places_of(buckets.get(bucket_of(term), NO_TERMS), term)) == there


def test_what_was_found_rarely_is_looked_at_first_and_what_was_not_looked_at_last() -> None:
    terms = Terms([1, 2, 3, 4])
    assert terms.rarest_first() == [1, 2, 3, 4], "nothing is known"
    terms.seen(1, [range(900), range(100)])
    terms.seen(2, [range(3), ()])
    terms.seen(4, [range(200)])
    assert terms.rarest_first() == [2, 4, 1, 3]
    terms.seen(2, [range(6000)])
    assert terms.rarest_first() == [4, 1, 2, 3], "it is frequent elsewhere"


@given(st.lists(st.sets(st.integers(0, 20)).map(sorted), min_size=1, max_size=4))
def test_what_is_in_all_is_in_each(lists: list[list[int]]) -> None:
    assert list(in_all(lists)) == sorted(set.intersection(*map(set, lists)), reverse=True)


# -- pieces


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5)), max_size=6), st.none() | st.integers(0, 40))
def test_pieces_cover_the_whole_line_once(cuts: list[tuple[int, int]], before: int | None) -> None:
    def at(number: int) -> tuple[datetime, str]:
        return FIRST[0] + number * MINUTE, ""

    line: list[Segment] = []
    reached = 0
    for gap, length in cuts:
        line.append(Segment(len(line), at(reached + gap), at(reached + gap + length)))
        reached += gap + length
    pieces = list(newest_first(line, None if before is None else at(before)))
    covered: list[int] = []
    for piece in pieces:
        for part in [piece] if isinstance(piece, Stretch) else piece:
            end = part.to or at(200)
            covered += [n for n in range(200, -1, -1) if part.after < at(n) <= end]
    upto = 201 if before is None else before
    assert [n for n in covered if n < upto] == [n for n in range(200, 0, -1) if n < upto]
    uncovered = {
        n for each in stretches_between(line) for n in range(201) if each.after < at(n) <= (each.to or at(200))
    }
    held = {n for each in line for n in range(201) if each.after < at(n) <= each.to}
    assert uncovered | held == set(range(1, 201))
    assert not uncovered & held


# -- all of it, on both databases


def brute_force(night: Night, wanted: Any, **asked: Any) -> list[str]:
    everything = night.database.read(lambda c: queries.alerts(c, SYSTEM, limit=10_000, **asked))
    return [each.id for each in everything if fits(content_of(each), wanted)]


@pytest.mark.parametrize("seed", range(4))
def test_search_finds_what_reading_everything_finds(night: Night, seed: int) -> None:
    chance = random.Random(seed)
    open_keys: list[str] = []
    for step in range(60):
        night.clock.advance(timedelta(seconds=chance.choice([0, 1, 4, 40])))
        did = chance.random()
        if did < 0.5 or not open_keys:
            keys = [f"k{step}-{number}" for number in range(chance.randint(1, 6))]
            night.send(*(_some(key, chance) for key in keys))
            open_keys += keys
        elif did < 0.65:
            night.send(_some(chance.choice(open_keys), chance))  # says something else of it now
        elif did < 0.8:
            night.send(signal(open_keys.pop(chance.randrange(len(open_keys))), "resolved"))
        elif did < 0.9:
            index_once(night.database, SIZE)
        elif did < 0.95:
            one = found(night)[chance.randrange(len(found(night)))].id
            night.database.write(lambda c, _, one=one: c.execute(delete(alerts).where(alerts.c.id == one)))  # type: ignore[misc]
        else:
            night.clock.advance(timedelta(minutes=11))
            index(night)
        if step % 4 == 0:
            _compare(night, chance)
    index(night)
    assert count(night, alert_segments) > 3
    for _ in range(20):
        _compare(night, chance)


def _some(key: str, chance: random.Random) -> Any:
    title = chance.choice(
        ["Card payments fail", "DISK full", "Dis\u212a slow on db", "Größe der Disk"]
    )  # a Kelvin sign
    labels = {"region": f"eu-{chance.randint(1, 3)}", "host": f"host{chance.randint(1, 40)}"}
    return signal(key, title=title, labels=labels, service=chance.choice(["checkout-api", "db", None]))


def _compare(night: Night, chance: random.Random) -> None:
    labels = chance.choice([{}, {"region": "eu-2"}, {"host": "host7"}, {"region": "eu-1", "host": "host3"}])
    words = chance.choice(["", "disk", "disk eu", "host1", "card che", "größe", "nowhere"])
    more: dict[str, Any] = chance.choice([{}, {"state": "firing"}, {"state": "resolved"}, {"service": "db"}])
    wanted = sought(words, labels)
    expected = brute_force(night, wanted, **more)
    assert [each.id for each in found(night, words, labels=labels, **more)] == expected
    # a page at a time, each going on where the one before ended
    paged: list[str] = []
    after = None
    while part := found(night, words, labels=labels, limit=3, after=after, **more):
        paged += [each.id for each in part]
        after = queries.place_of_alert(part[-1])
    assert paged == expected


def test_the_newest_are_found_at_once_and_the_old_ones_by_postings(night: Night) -> None:
    night.send(*(signal(f"k{number}", title=f"Pod {number} restarts") for number in range(12)))
    assert len(found(night, "pod 7")) == 1
    index(night)
    assert count(night, alert_segments) == 2
    # what is not in the postings can't be found by them: they are what is read
    night.database.write(lambda c, _: c.execute(delete(alert_postings)))
    assert 0 < len(found(night, "restarts")) < 12


def test_an_alert_that_says_something_else_is_found_by_that_and_no_more_by_the_old(night: Night) -> None:
    night.send(*(signal(f"k{number}", title="Disk full") for number in range(5)))
    index(night)
    night.send(signal("k3", title="Disk broken"))
    assert titles(found(night, "broken")) == ["Disk broken"]
    assert len(found(night, "full")) == 4
    assert count(night, changed_alerts) == 1
    night.clock.advance(timedelta(minutes=11))
    index(night)
    assert count(night, changed_alerts) == 0
    assert titles(found(night, "broken")) == ["Disk broken"]


def test_one_that_changes_while_its_segment_is_filled_is_still_found(night: Night) -> None:
    night.send(*(signal(f"k{number}", title="Disk full") for number in range(5)))
    index(night)
    night.send(signal("k3", title="Disk broken"))
    night.clock.advance(timedelta(minutes=11))
    filled = night.database.read(lambda c: segments.fill_next(c, night.clock.now()))
    assert filled is not None
    night.send(signal("k3", title="Disk mended"))
    night.database.write(lambda c, now: segments.keep_filled(c, filled, now))
    assert count(night, changed_alerts) == 1
    assert titles(found(night, "mended")) == ["Disk mended"]


def test_one_that_comes_with_an_older_instant_is_found_after_a_second_look(night: Night) -> None:
    night.send(*(signal(f"k{number}", title="Disk full") for number in range(5)))
    index(night)
    night.clock.advance(-timedelta(minutes=1))
    night.send(signal("late", title="Disk late"))
    night.clock.advance(timedelta(minutes=2))
    night.database.write(
        lambda c, _: c.execute(
            update(alerts)
            .where(alerts.c.dedup_key == "late")
            .values(received_at=night.clock.now() - timedelta(hours=9))
        )
    )
    assert titles(found(night, "late")) == []  # before the first segment's end, and in none
    look_again(night.database)
    assert titles(found(night, "late")) == ["Disk late"]
    index(night)
    assert titles(found(night, "late")) == ["Disk late"]


def test_a_segment_whose_alerts_are_gone_goes_too(night: Night) -> None:
    night.send(*(signal(f"k{number}") for number in range(5)))
    index(night)
    night.database.write(lambda c, _: c.execute(delete(alerts)))
    night.database.write(lambda c, _: segments.spoil(c, segments_in_order(c)))
    index(night)
    assert count(night, alert_segments) == 0
    assert count(night, alert_postings) == 0


def test_what_hangs_on_a_restricted_incident_is_found_by_its_members_alone(night: Night) -> None:
    restrict(night, "secret", "dana")
    night.send(*(signal(f"k{number}", title="Data leaks") for number in range(7)))
    night.database.write(lambda c, _: c.execute(update(groups).values(incident_id="secret")))
    other = person("eve", "Eve Lindt", Right.ADMIN)
    dana = person("dana", "Dana Okafor", Right.RESPONDER)
    for _ in range(2):  # read through, and by postings
        assert night.database.read(lambda c: queries.alerts(c, other, words="leaks")) == []
        assert len(night.database.read(lambda c: queries.alerts(c, dana, words="leaks"))) == 7
        index(night)


def test_one_that_changed_and_is_gone_is_forgotten(night: Night) -> None:
    night.send(*(signal(f"k{number}", title="Disk full") for number in range(5)))
    index(night)
    night.send(signal("k3", title="Disk broken"))
    night.database.write(lambda c, _: c.execute(delete(alerts).where(alerts.c.dedup_key == "k3")))
    night.clock.advance(timedelta(minutes=11))
    index(night)
    assert count(night, changed_alerts) == 0


def test_a_segment_waits_for_transactions_that_ran_when_it_was_opened(night: Night) -> None:
    night.send(*(signal(f"k{number}", title="Disk full") for number in range(SIZE)))
    night.clock.set(datetime.now(UTC) + MINUTE)  # after any transaction that the server knows of
    began, may_end = threading.Event(), threading.Event()

    def at_work(c: Connection, _: datetime) -> None:
        c.execute(update(alerts).values(received=2))
        began.set()
        may_end.wait(30)

    if night.database.is_postgresql:  # on SQLite one writes after the other
        long_one = night.database.submit(at_work)
        assert began.wait(30)
        assert index_once(night.database, SIZE) == "waits"
        assert len(found(night, "full")) == SIZE
        may_end.set()
        long_one.result()
    assert index_once(night.database, SIZE) == "filled"
    assert len(found(night, "full")) == SIZE
    assert index_once(night.database, SIZE) == "done"


class Heard:
    """A database of which the keeper hears as much as the test says, and that is so far behind."""

    def __init__(self, behind: int) -> None:
        self.behind = behind

    async def read_async(self, query: object) -> int:
        del query
        return self.behind


@pytest.mark.parametrize(
    ("alerts", "behind", "left"),
    [(0, 0, False), (900, 10, False), (20_000, 10, True), (20_000, 290_000, True), (20_000, 310_000, False)],
)
def test_a_storm_is_left_to_the_intake_until_too_much_is_not_indexed(alerts: int, behind: int, left: bool) -> None:
    """In whatever portions it comes: what counts is how many alerts, not how many commits."""

    async def ask() -> bool:
        taken = [0]
        keeper = SearchKeeper(Heard(behind), lambda: taken[0])  # type: ignore[arg-type]
        keeper._counted_at, taken[0] = time.monotonic() - 1, alerts
        return keeper._storms() and await keeper._may_wait()

    assert asyncio.run(ask()) is left
