"""`tocsin oncall`: who is on call, now or at any time."""

from typing import Any

import click

from tocsin.cli.client import part
from tocsin.cli.command import command, group, table, tell
from tocsin.cli.commands.telling import ahead, instant_of, short
from tocsin.cli.handover import server


@group(example="tocsin oncall now\ntocsin oncall at 2026-11-21T22:00Z")
def oncall() -> None:
    """Who is on call."""


@command(parent=oncall, example="tocsin oncall now --schedule checkout")
@click.option("--schedule")
@click.option("--team")
def now(schedule: str | None, team: str | None) -> None:
    """Who is on call now."""
    _show(server().get("/oncall", schedule=schedule, team=team))


@command(parent=oncall, example="tocsin oncall at 2026-11-21T22:00Z")
@click.argument("time")
@click.option("--schedule")
@click.option("--team")
def at(time: str, schedule: str | None, team: str | None) -> None:
    """Who is on call at TIME, UTC: 22:00 (the next one) or 2026-11-21T22:00Z."""
    _show(server().get("/oncall", at=ahead(time), schedule=schedule, team=team))


@command(parent=oncall, example="tocsin oncall shifts checkout --from 2026-11-20T00:00Z --to 2026-12-04T00:00Z")
@click.argument("schedule")
@click.option("--from", "start", help="UTC; now if left out.")
@click.option("--to", "end", help="UTC; two weeks on if left out.")
def shifts(schedule: str, start: str | None, end: str | None) -> None:
    """The shifts of a schedule; a gap has no person."""
    begins, ends = (instant_of(text).isoformat() if text else None for text in (start, end))
    answer = server().get(f"/schedules/{part(schedule)}/shifts", from_=begins, to=ends)
    rows = [
        (short(one["starts_at"]), short(one["ends_at"]), one.get("name") or one.get("person") or "NOBODY")
        for one in answer["items"]
    ]
    tell(answer, table(rows, ("from", "to", "who")) or ["No shift there."])


@command(
    parent=oncall, example="tocsin oncall handover payments --note 'The certificate is renewed by hand on Friday.'"
)
@click.argument("schedule")
@click.option("--note", help="Leave a note for whoever comes next.")
@click.option("--read", is_flag=True, help="Say that you have read the last handover.")
def handover(schedule: str, note: str | None, read: bool) -> None:
    """What to know when taking SCHEDULE over: open incidents and alerts, the last pages, notes."""
    at = f"/schedules/{part(schedule)}/handover"
    if note:
        tell(server().post(f"{at}/notes", {"text": note}), "Noted.")
        return
    answer = server().get(at)
    last = answer["last"]
    if read:
        if last is None:
            raise click.ClickException("there was no handover yet")
        tell(server().post(f"/handovers/{part(last['id'])}/read"), "Recorded that you have read it.")
        return
    lines = [f"{answer['person'] or 'NOBODY'} until {short(answer['until']) or '?'}, then {answer['then'] or '?'}"]
    if last:
        lines.append(f"Handed over {short(last['changed_at'])}: {last['from_person']} to {last['to_person']}")
        lines += [f"  {each['person_id']}: {each['text']}" for each in last["notes"]]
        lines += [f"  {short(each['opened_at'])}  {each['title']}: {each['became']}" for each in last["pages"]]
    lines += [f"Open: INC-{each['number']} Sev{each['severity']} {each['title']}" for each in answer["incidents"]]
    lines += [f"Open: {each['title']} ({each['firing']} firing)" for each in answer["groups"]]
    lines += [f"{short(each['opened_at'])}  {each['title']}: {each['became']}" for each in answer["pages"]]
    lines += [f"Note, {each['person_id']}: {each['text']}" for each in answer["notes"]]
    tell(answer, lines)


@command(parent=oncall, example="tocsin oncall warnings")
@click.option("--schedule")
def warnings(schedule: str | None) -> None:
    """What is to be mended within 30 days: double bookings, people without a verified method, and the like."""
    answer = server().get("/oncall/warnings", schedule=schedule)
    said = {
        "double": "is on call on {other} too, which stands behind it",
        "overlap": "has an override that a later one of {other} covers",
        "unreachable": "has no verified method",
        "away": "is away then",
        "limit": "has more duty than they take: {said}",
    }
    rows = [
        (short(one["starts_at"]), one["schedule"], one["person"], said.get(one["kind"], one["kind"]).format(**one))
        for one in answer["items"]
    ]
    tell(answer, table(rows, ("first", "schedule", "who", "what")) or ["Nothing is to be mended."])


@command(parent=oncall, example="tocsin oncall load --from 2026-11-01T00:00Z")
@click.option("--from", "start", help="UTC; four weeks ago if left out.")
@click.option("--to", "end", help="UTC; now if left out.")
def load(start: str | None, end: str | None) -> None:
    """Each person's hours on call, at night and at weekends, and their pages; without a manager's right your own."""
    begins, ends = (instant_of(text).isoformat() if text else None for text in (start, end))
    answer = server().get("/oncall/load", from_=begins, to=ends)
    names = ("person", "hours", "night_hours", "weekend_hours", "pages", "night_pages")
    rows = [tuple(one[name] for name in names) for one in answer["items"]]
    heads = ("person", "hours", "at night", "at weekends", "pages", "pages at night")
    tell(answer, table(rows, heads) or ["Nobody was on call."])


def _show(answer: dict[str, Any]) -> None:
    rows = [
        (
            one["schedule"],
            one.get("name") or one.get("person") or "NOBODY",
            one.get("local_time"),
            short(one.get("until")),
            short(one.get("rests_until")),
            one.get("then_name") or one.get("then"),
        )
        for one in answer["items"]
    ]
    tell(
        answer,
        table(rows, ("schedule", "on call", "their time", "until", "rests until", "then"))
        or ["There is no schedule yet."],
    )


@command(parent=oncall, example="tocsin oncall calendar payments --fetch")
@click.argument("schedule")
@click.option("--fetch", is_flag=True, help="Fetch it now, rather than within a quarter of an hour.")
def calendar(schedule: str, fetch: bool) -> None:
    """Tell how the calendar stands from which SCHEDULE is read."""
    at = f"/schedules/{part(schedule)}/calendar"
    answer = server().post(f"{at}/fetch", {}) if fetch else server().get(at)
    fetched = f"fetched {short(answer['fetched_at'])}" if answer["fetched_at"] else "not fetched yet"
    lines = [f"{answer['host']}: {answer['shifts']} shifts, {fetched}"]
    lines += [f"can't be read: {answer['error']}"] if answer["error"] else []
    tell(answer, [*lines, *answer["problems"]])
