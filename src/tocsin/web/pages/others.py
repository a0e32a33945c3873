"""Smaller screens: one page with its log, the phone's menu, the first run."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.identity.actor import Right
from tocsin.incidents.queries import heads as incidents
from tocsin.intake.queries import integrations_now, secret_of
from tocsin.paging.queries import PageView as Page
from tocsin.paging.queries import page_detail
from tocsin.paging.usecases import list_methods
from tocsin.web import format as say
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Action, Clock, Names, Verdict


@dataclass(frozen=True)
class LogRow:
    """One line of a page's log."""

    at: datetime
    text: str
    detail: str


@dataclass(frozen=True)
class Helper:
    """Somebody who was asked to help, and what they say."""

    page: str
    who: str
    verdict: Verdict


@dataclass(frozen=True)
class PageView:
    """A page with everything that happened to it."""

    title: str
    lede: str
    detail: str
    verdict: Verdict
    clock: Clock | None
    following: str
    helpers: tuple[Helper, ...]
    log: tuple[LogRow, ...]
    incident: int
    services: str
    actions: tuple[Action, ...]


_EVENTS = {
    "opened": "Opened",
    "step": "Paged",
    "attempt": "Tried",
    "receipt": "Reached",
    "delivered": "Arrived at",
    "undelivered": "Did not arrive at",
    "failed": "Could not reach",
    "skipped": "Skipped",
    "acknowledged": "Acknowledged by",
    "also": "Also there:",
    "snoozed": "Snoozed by",
    "reopened": "Opened again",
    "passed_on": "Passed on by",
    "last_resort": "Last resort paged",
    "told_over": "Told that it is over:",
    "ended": "Ended",
    "shadow": "Told, who shadows:",
    "rests": "Rest after a page at night:",
    "reassigned": "Given to somebody else by",
    "asked": "Help asked for by",
    "joined": "Helps:",
    "declined": "Can't help:",
}


def load_page(asked: Asked) -> Answer:
    """One page; NotFound also for what the actor may not know of."""
    found = page_detail(asked.connection, asked.actor, str(asked.path["page"]))
    page, known, now = found.page, people.names(asked.connection), asked.now
    at = f"/pages/{page.id}"
    quiet = f"Snoozed to {say.moment(page.snoozed_until, now)}" if page.snoozed_until else ""
    verdicts = {
        "snoozed": Verdict("skip", quiet),
        "open": Verdict("fail", "Nobody has it"),
        "acknowledged": Verdict("held", f"{known.of(page.acknowledged_by or '')} has it"),
    }
    actions: tuple[Action, ...] = ()
    if asked.responds and page.state != "ended":
        if page.state == "open":
            actions = (
                Action("Acknowledge", f"{at}/acknowledge", "crit", post=True),
                Action("Pass on now", f"{at}/pass", post=True),
            )
        if page.helps_with:
            actions += (Action("Decline…", f"{at}/decline"),)
        else:
            actions += (Action("Reassign…", f"{at}/reassign"), Action("Ask for help…", f"{at}/help"))
        actions += (Action("Snooze…", f"{at}/snooze"),)
        if page.group_id:
            actions += (Action("It is over…", f"/alerts/{page.group_id}/resolve"),)
        actions += (Action("End…", f"{at}/end", "quiet"),)
        if page.group_id and not page.incident_id:
            actions = (
                Action("Declare…", f"/incidents/new?group={page.group_id}&title={_quoted(page.title)}", "primary"),
                *actions,
            )
    following = say.listed(known.of(person) for person in found.next_people)
    since = say.moment(page.acknowledged_at or page.opened_at, now)
    view = PageView(
        page.title,
        f"{'Acknowledged' if page.acknowledged_at else 'Waiting'} since {since}.",
        page.detail,
        verdicts.get(page.standing, Verdict("pass", "Over")),
        Clock("Next step", page.next_at, "down", f"then {following}" if following else "", start=page.step_at)
        if page.next_at and page.state == "open"
        else None,
        following,
        tuple(_helper(each, known) for each in found.helpers),
        tuple(
            LogRow(
                line.at,
                " ".join(
                    filter(
                        None,
                        (
                            _EVENTS.get(line.event, line.event.replace("_", " ").capitalize()),
                            known.of(line.person) if line.person else "",
                            f"by {line.method}" if line.method else "",
                        ),
                    )
                ),
                line.text or "",
            )
            for line in found.log
        ),
        incidents.number_of(asked.connection, page.incident_id) if page.incident_id and not page.hidden else 0,
        say.listed(known.of(service) for service in page.services),
        actions,
    )
    return Answer(view, frozenset({"pages"}), own=actions)


def _helper(page: Page, known: Names) -> Helper:
    asked = page.subject_id.rpartition(":")[2]
    if page.state == "acknowledged":
        return Helper(page.id, known.of(page.acknowledged_by or asked), Verdict("held", "Helps"))
    if page.state == "open":
        return Helper(page.id, known.of(asked), Verdict("wait", "No answer yet"))
    return Helper(page.id, known.of(asked), Verdict("skip", say.sentence(page.ended_why or "over")))


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)


def load_more(asked: Asked) -> Answer:
    """Every place, for phones and for browsers without scripts."""
    del asked
    return Answer({}, live=False)


def load_setup(asked: Asked) -> Answer:
    """The first run: each step with whether it is done."""
    methods = list_methods(asked.connection, asked.actor, asked.person_id) if asked.person_id else []
    proved = [method for method in methods if method.verified_at and not method.missing]
    found = integrations_now(asked.connection, asked.actor)
    heard = any(each.last_at for each in found)
    url = ""
    if found and asked.actor.may(Right.MANAGER):
        url = f"{asked.parts.settings.outside_url}/in/{secret_of(asked.connection, asked.actor, found[0].id)}"
    rows = tuple((method.kind_label, method.target, method.verified_at is not None) for method in methods)
    view = {
        "methods": rows,
        "proved": len(proved),
        "heard": heard,
        "url": url,
        "step": 2 if not proved else (3 if not heard else 4),
    }
    return Answer(view, frozenset({"people", "alerts"}), live=False)


SCREENS = (
    Screen("/pages/{page}", "alerts", "page.html", load_page, ("parts/page.html",)),
    Screen("/more", "more", "more.html", load_more),
    Screen("/setup", "setup", "setup.html", load_setup),
)
