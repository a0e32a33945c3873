"""Pages as direct messages in Matrix; reactions and replies answer them."""

from collections.abc import Iterator

import pytest

from tests.paging.conftest import PUBLIC_URL, Night
from tests.standins.matrix import MATRIX_TOKEN, MatrixStandin
from tests.standins.smtp import SmtpStandin
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.matrix import Matrix
from tocsin.clock import SimulatedClock
from tocsin.errors import Invalid
from tocsin.paging.methods import kind_named
from tocsin.paging.routes.listening import MatrixListener
from tocsin.paging.services import Services
from tocsin.store.database import Database

DANA, KOFI = "@dana:matrix.example", "@kofi:matrix.example"


class Room:
    """The homeserver, and Tocsin listening to it."""

    def __init__(self) -> None:
        self.server = MatrixStandin()
        self.token = MATRIX_TOKEN
        self.since: str | None = None

    def services(self, http: GuardedHttp) -> Services:
        self.matrix = Matrix(http, self.server.url, self.token)
        return Services(PUBLIC_URL, matrix=self.matrix)

    def hear(self, night: Night, *, again: bool = False) -> None:
        """One question; `again`: as another process that has heard nothing yet."""
        listener = MatrixListener(night.database, self.matrix)
        since = "s0" if again else self.since or "s0"
        self.since = night.runner.run(listener.hear(since, 0))
        night.settle()


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    made.server.start()
    yield made
    made.server.stop()


@pytest.fixture
def night(database: Database, clock: SimulatedClock, smtp: SmtpStandin, room: Room) -> Iterator[Night]:
    made = Night(database, clock, smtp, room.services)
    yield made
    made.close()


def test_a_tap_acknowledges_and_the_bot_says_so(night: Night, room: Room) -> None:
    night.method("dana", "matrix", DANA)
    night.group(title="Checkout <b>fails</b>")
    (page,) = room.server.messages
    assert page["content"]["body"].startswith("Checkout <b>fails</b>")
    assert "&lt;b&gt;" in page["content"]["formatted_body"]
    keys = [each["content"]["m.relates_to"]["key"] for each in room.server.events if each["type"] == "m.reaction"]
    assert keys == ["✅", "⏭️"], "what may be tapped is there"
    room.server.react(DANA, page, "✅")
    room.hear(night)
    assert (night.page().acknowledged_by, night.page().acknowledged_via) == ("dana", "matrix")
    assert room.server.messages[-1]["content"] == {"msgtype": "m.notice", "body": "You have it."}


def test_an_answer_counts_once_however_many_processes_hear_it(night: Night, room: Room) -> None:
    night.method("dana", "matrix", DANA)
    night.mail("kofi")
    night.group()
    room.server.react(DANA, room.server.messages[0], "⏭️")
    room.hear(night)
    said = len(room.server.messages)
    room.hear(night, again=True)
    assert len(room.server.messages) == said
    assert len(night.texts("passed_on")) == 1


def test_somebody_elses_tap_and_other_reactions_answer_nothing(night: Night, room: Room) -> None:
    night.method("dana", "matrix", DANA)
    night.group()
    page = room.server.messages[0]
    room.server.react(KOFI, page, "✅")
    room.server.react(DANA, page, "🎉")
    room.hear(night)
    assert night.page().state == "open"


def test_a_message_that_names_a_page_but_is_not_the_bots_leads_nowhere(night: Night, room: Room) -> None:
    night.method("dana", "matrix", DANA)
    night.group()
    own = room.server.messages[0]
    forged = {**own, "sender": KOFI, "event_id": "$forged"}
    room.server.events.append(forged)
    room.server.react(DANA, forged, "✅")
    room.hear(night)
    assert night.page().state == "open"


def test_a_reply_acknowledges_too(night: Night, room: Room) -> None:
    night.method("dana", "matrix", DANA)
    night.group()
    room.server.reply(DANA, room.server.messages[0]["room_id"], "ack")
    room.hear(night)
    assert night.page().state == "acknowledged"


def test_one_room_for_a_person_and_none_twice(night: Night, room: Room) -> None:
    night.method("dana", "matrix", DANA)
    night.group()
    night.group(title="Another")
    assert len(room.server.rooms) == 1
    assert room.server.direct == {DANA: ["!r0:matrix.example"]}


def test_what_the_homeserver_refuses_gives_way_to_mail(night: Night, room: Room, smtp: SmtpStandin) -> None:
    night.method("dana", "matrix", "@nobody:matrix.example")
    night.mail("dana")
    night.group()
    assert "not found" in str(night.texts("failed")[0])
    assert smtp.to("dana@example.com")


def test_its_limit_is_waited_out(night: Night, room: Room) -> None:
    night.method("dana", "matrix", DANA)
    room.server.wait_ms = 7_000
    night.group()
    room.server.wait_ms = None
    night.pass_time(seconds=6)
    assert not room.server.messages
    night.pass_time(seconds=2)
    assert len(room.server.messages) == 1


@pytest.mark.parametrize("told", ["", "dana", "@dana", "@dana:", "@Dana Ruiz:x", "@a:" + "x" * 300])
def test_what_is_no_user_is_refused(told: str) -> None:
    with pytest.raises(Invalid):
        kind_named("matrix").check(told)
