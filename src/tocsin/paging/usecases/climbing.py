"""Carrying out a step: who it reaches now, the deliveries that go to them, and the passing over of empty steps."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.engine import tasks
from tocsin.engine.deliveries import send_later
from tocsin.engine.work import Job
from tocsin.oncall.policy import Rung, resolve
from tocsin.paging import methods
from tocsin.paging import page as rules
from tocsin.paging.breaker import BREAKER, Breaker
from tocsin.paging.page import LogRow, Next
from tocsin.paging.queries import people
from tocsin.paging.queries.people import Way
from tocsin.paging.usecases.ledger import as_page, cause_of, change, lock_page, settle, write_log
from tocsin.paging.usecases.pacing import page_goes_at
from tocsin.paging.usecases.shadowing import tell_shadows
from tocsin.store.tables.engine import deliveries
from tocsin.store.tables.paging import page_log

SCREEN = "screen"
PAGED_LATE = "paged_late"  # the task that is owed when Tocsin itself was late
LATE = timedelta(seconds=60)
FROM_FILES = "files"  # in place of a method's id: the address in the organisation's files
FROM_POLICY = "policy:"  # begins a webhook's address in the policy, in place of a method's id


def carry_out_step(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the deadline `page_step`: asks who is on call at this moment and pages them."""
    row = lock_page(connection, job.subject_id)
    page, cause = as_page(row), cause_of(connection, row, now)
    keys = {one.key for one in rules.wanted(page, cause, now) if one.kind == rules.STEP}
    if job.key in keys:
        owed = rules.owed_since(job.due_at, job.payload)
        row = climb(connection, row, now, due=owed)
        _tell_if_late(connection, row, job, owed, now)
    settle(connection, row, now)


def _tell_if_late(connection: Connection, row: Row[Any], job: Job, owed: datetime, now: datetime) -> None:
    """A step that was carried out more than a minute late is a page of its own; not one about Tocsin itself."""
    if now - owed <= LATE or row.subject_kind == "tocsin":
        return
    minutes = max(1, round((now - owed).total_seconds() / 60))
    title = "a restricted page" if row.restricted else f"the page “{row.title}”"
    said = f"A step of {title} was due at {owed:%H:%M} UTC and carried out {minutes} min late."
    key = f"late:{row.id}:{job.key}"
    tasks.owe(connection, PAGED_LATE, "page", row.id, {"said": said}, now, key=key, paging=True)


def climb(connection: Connection, row: Row[Any], now: datetime, *, due: datetime | None = None) -> Row[Any]:
    """Carry out the next step of a locked, open page; a step that reaches nobody passes to the next at once.

    `due`: since when it is owed, now if it is not said.
    """
    page = as_page(row)
    step = rules.next_step(page)
    directory = None if step.last_resort else people.directory(connection)
    left = rules.passes_without_reaching(page)
    seen: set[str] = set()
    while not step.last_resort:
        assert page.policy is not None
        assert directory is not None
        row = _stand_on(connection, row, step, now)
        asked = page.policy.steps[step.rung.step]
        resolved = resolve(asked, directory, now, row.severity, page.policy.fallback)
        for skipped in resolved.skipped:
            write_log(connection, row, LogRow("skipped", person=skipped.person, text=str(skipped)), now)
        for said in resolved.rests:
            write_log(connection, row, LogRow("rests", text=said), now)
        for url in resolved.webhooks:
            _send(connection, row, None, Way(FROM_POLICY + url, "webhook"), 0, now)
        reached = [
            page_one(connection, row, person, now, screen=person not in seen, due=due) for person in resolved.people
        ]
        tell_shadows(connection, row, asked, resolved.people, now)
        if any(reached) or resolved.webhooks or (reached and page.urgency == "notify"):
            return row  # what only notifies is one person's business: their screen is enough
        seen |= set(resolved.people)
        left -= 1
        page = replace(as_page(row), step_at=now)
        step = rules.next_step(page) if left > 0 else Next(Rung(page.rung.round + 1, 0), last_resort=True)
    return page_the_last_resort(connection, row, step, now, seen, due=due)


def page_the_last_resort(
    connection: Connection,
    row: Row[Any],
    step: Next,
    now: datetime,
    seen: Collection[str] = (),
    *,
    due: datetime | None = None,
) -> Row[Any]:
    """Page everybody whom the organisation named for when all else ran out; `seen`: whose screens ring already."""
    row = _stand_on(connection, row, step, now)
    named = people.last_resort(connection)
    write_log(connection, row, LogRow("last_resort", text="" if named else "nobody is named in the settings"), now)
    for person in named:
        page_one(connection, row, person, now, screen=person not in seen, due=due)
    if not named:
        _send(connection, row, None, Way(SCREEN, SCREEN), 0, now)
    return row


def page_one(
    connection: Connection,
    row: Row[Any],
    person: str,
    now: datetime,
    *,
    screen: bool = True,
    due: datetime | None = None,
) -> bool:
    """Write the deliveries to one person: the screen, and their methods in order; False if only the screen is left.

    Each later method waits a little; it is dropped if an earlier one was taken, and brought forward if it failed.
    """
    chosen = people.ways_now(connection, person, row.severity, now, pierces=row.last_resort)
    ways: Sequence[Way] = () if row.practice else _those_that_work_first(connection, chosen.ways, now)
    owed = {"step": as_page(row).name_of_step, "due": (due or now).isoformat()}
    write_log(connection, row, LogRow("step", person=person, more=owed), now)
    if screen:
        _send(connection, row, person, Way(SCREEN, SCREEN), 0, now)
    if not ways and row.last_resort and not row.practice and people.email_of(connection, person):
        ways = (Way(FROM_FILES, "email"),) if methods.missing_here(connection, "email") is None else ()
    goes = page_goes_at(connection, person, ways[0].method_id, ways[0].kind, row.severity, now) if ways else now
    for place, way in enumerate(ways):
        _send(connection, row, person, way, place, now, goes=goes)
    if not row.practice:
        _say_what_is_missing(connection, row, person, now, only_screen=not ways, quiet=chosen.quiet)
    return bool(ways) or row.practice


def breaker_of(connection: Connection) -> Breaker:
    """What this process has learnt of its lanes."""
    found = connection.info.get(BREAKER)
    return found if isinstance(found, Breaker) else Breaker()


def _those_that_work_first(connection: Connection, ways: Sequence[Way], now: datetime) -> Sequence[Way]:
    """The person's order, but what does not answer at the moment goes last."""
    breaker = breaker_of(connection)
    return sorted(ways, key=lambda way: breaker.is_open(methods.lane_of(way.kind), now))


def reach_otherwise(connection: Connection, row: Row[Any], person: str | None, method_id: str, now: datetime) -> None:
    """What was taken by a method did not arrive: try those after it in the person's order, once for each loss."""
    chosen = people.ways_now(connection, person, row.severity, now, pierces=row.last_resort) if person else None
    ways = _those_that_work_first(connection, chosen.ways, now) if chosen else ()
    places = [place for place, way in enumerate(ways) if way.method_id == method_id]
    for after, (place, way) in enumerate(list(enumerate(ways))[places[0] + 1 :] if places else ()):
        _send(connection, row, person, way, place, now, after=after, instead_of=method_id)


def _say_what_is_missing(
    connection: Connection, row: Row[Any], person: str, now: datetime, *, only_screen: bool, quiet: str | None
) -> None:
    """Say why a person's methods were passed over: once for each page and person, not again at each step."""
    missing = people.ways_missing(connection, person)
    if quiet:
        missing[SCREEN] = quiet
    elif only_screen and not missing:
        missing = {SCREEN: "no verified method but the screen"}
    rows = select(page_log.c.data).where(
        page_log.c.page_id == row.id, page_log.c.kind == "skipped", page_log.c.person_id == person
    )
    said = {data.get("text") for data in connection.execute(rows).scalars()}
    for kind, reason in missing.items():
        if reason not in said:
            write_log(connection, row, LogRow("skipped", person, kind if kind != SCREEN else None, text=reason), now)


def delivery_key(row: Row[Any], person: str | None, method_id: str) -> str:
    """The idempotency key of a page's delivery: the same step reaches the same person by the same method once."""
    return f"page:{row.id}:{as_page(row).name_of_step}:{person or '-'}:{method_id}"


def step_may_still_reach(connection: Connection, row: Row[Any]) -> bool:
    """Whether something of the present step, other than the screen, waits, is being sent, or was taken."""
    found = connection.execute(
        select(deliveries.c.payload).where(
            deliveries.c.subject_kind == "page",
            deliveries.c.subject_id == row.id,
            deliveries.c.kind == "page",
            deliveries.c.state.in_(("waiting", "sending", "sent")),
        )
    ).scalars()
    step = as_page(row).name_of_step
    return any(payload["step"] == step and payload["kind"] != SCREEN for payload in found)


def begin_again(connection: Connection, row: Row[Any], why: str, now: datetime) -> Row[Any]:
    """Open a page again at step 1; the step itself is a deadline that is due now."""
    row = change(
        connection,
        row,
        state="open",
        reopened=row.reopened + 1,
        reopened_at=now,
        step=0,
        round=0,
        step_at=None,
        last_resort=not row.policy,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledged_via=None,
        snoozed_until=None,
        snoozed_by=None,
    )
    write_log(connection, row, LogRow("reopened", text=why), now)
    return row


def _stand_on(connection: Connection, row: Row[Any], step: Next, now: datetime) -> Row[Any]:
    return change(
        connection, row, round=step.rung.round, step=step.rung.step, last_resort=step.last_resort, step_at=now
    )


def _send(
    connection: Connection,
    row: Row[Any],
    person: str | None,
    way: Way,
    place: int,
    now: datetime,
    *,
    after: int | None = None,
    instead_of: str = "",
    goes: datetime | None = None,
) -> None:
    """`goes`: when the person's first method goes; in a storm later than `now`, and all that follows is later with it."""
    goes = goes or now
    send_later(
        connection,
        lane=methods.lane_of(way.kind),
        kind="page",
        subject_kind="page",
        subject_id=row.id,
        idempotency_key=delivery_key(row, person, way.method_id) + (f":for:{instead_of}" if instead_of else ""),
        payload={
            "person": person,
            "method_id": way.method_id,
            "kind": way.kind,
            "place": place,
            "step": as_page(row).name_of_step,
            "reopened": row.reopened,
            **({"held": True} if goes > now else {}),
        },
        on_unknown="resend",
        now=now,
        not_before=goes + (place if after is None else after) * rules.NEXT_METHOD_AFTER,
    )
