"""A schedule changed hands: who goes and who comes are told what is open; nobody is woken."""

from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.tasks import owe
from tocsin.engine.work import Job
from tocsin.identity.actor import Right, person
from tocsin.incidents.queries.handover import Situation, situation
from tocsin.oncall.queries.handing import find_handover
from tocsin.oncall.usecases.handing import told_as
from tocsin.organisation.queries import everything


def tell_of_handover(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `shift_changed`: each of the two hears what they may know of."""
    found = find_handover(connection, job.subject_id)
    known = everything(connection)
    schedule = known.schedules.get(found.schedule_id)
    if schedule is None:
        return
    goes, comes = known.person_name(found.from_person), known.person_name(found.to_person)
    titles = {
        found.from_person: f"{comes} has {schedule.name} now",
        found.to_person: f"You have {schedule.name} now, from {goes}",
    }
    for who, title in titles.items():
        if who not in known.active_people:
            continue
        actor = person(who, known.person_name(who), Right.VIEWER)
        seen = situation(connection, actor, found.schedule_id, found.began_at, found.changed_at)
        lines = _lines(seen)
        lines += [f"{known.person_name(note.person_id)}: {note.text}" for note in found.notes]
        if who == found.from_person and not found.notes:
            lines.append("You may still write a note: On call, Handover.")
        elif who == found.to_person:
            lines.append("Read it under On call, Handover, and say that you have." if found.notes else "No note yet.")
        asked = {
            "subject_kind": "deadline",
            "subject_id": told_as(found.id, who),
            "title": title,
            "detail": "\n".join(lines),
            "urgency": "notify",
            "to": [{"person": who}],
        }
        owe(connection, "open_page", "handover", found.id, asked, now, key=told_as(found.id, who))


def _lines(seen: Situation) -> list[str]:
    lines = [f"INC-{each.number}, Sev{each.severity}: {each.title}" for each in seen.incidents[:5]]
    unanswered = sum(page.acknowledged_at is None for page in seen.pages)
    counts = [
        _count(len(seen.incidents), "open incident"),
        _count(len(seen.groups), "open group of alerts", "open groups of alerts"),
        f"{_count(len(seen.pages), 'page')} in the shift" + (f", {unanswered} unanswered" if unanswered else ""),
    ]
    return ["; ".join(counts), *lines]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number or 'no'} {one if number == 1 else many or one + 's'}"
