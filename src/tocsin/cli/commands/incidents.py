"""Declaring and leading an incident."""

from typing import Any

import click

from tocsin.cli.command import INCIDENT, command, group, incident_argument, table, tell
from tocsin.cli.commands.telling import clock_of, say_change, told, utc_option
from tocsin.cli.commands.timeline import in_order, timeline_lines
from tocsin.cli.handover import kept_for_later, server, server_address, tell_or_keep
from tocsin.cli.offline.spool import Told
from tocsin.clock import SystemClock


@command(example="tocsin declare 'Checkout answers 500' --severity 2 --service checkout-api")
@click.argument("title")
@click.option("--severity", "-s", type=click.IntRange(1, 3), required=True, help="1 is the worst.")
@click.option("--service", "services", multiple=True, help="A service that is hit; repeat it.")
@click.option("--group", "groups", multiple=True, help="An alert group that it comes from; repeat it.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="A label; repeat it.")
@click.option("--restricted", is_flag=True, help="Only its members may see it (security, legal).")
@click.option("--practice", is_flag=True, help="An exercise: nothing is sent outside.")
@click.option("--impact-since", help="Since when customers are hit, UTC: 14:05 or 2026-11-19T14:05:00Z.")
@click.option("--reason")
def declare(
    title: str,
    severity: int,
    services: tuple[str, ...],
    groups: tuple[str, ...],
    labels: tuple[str, ...],
    restricted: bool,
    practice: bool,
    impact_since: str | None,
    reason: str | None,
) -> None:
    """Declare an incident: roles, clocks and channel follow as the runbook says."""
    body: dict[str, Any] = {
        "title": title,
        "severity": severity,
        "services": list(services),
        "group_ids": list(groups),
        "labels": _labels(labels),
        "restricted": restricted,
        "practice": practice,
        "reason": reason,
        "impact_started_at": clock_of(impact_since),
    }
    answer = server().post("/incidents", {name: value for name, value in body.items() if value not in (None, [], {})})
    incident = answer["incident"]
    tell(answer, [f"INC-{incident['number']} Sev{incident['severity']}: {incident['title']}", *told(answer)])


@group(example="tocsin incidents list\ntocsin incidents show INC-147\ntocsin incidents timeline INC-147")
def incidents() -> None:
    """List incidents; show one, its timeline, its document."""


@command(parent=incidents, name="list", example="tocsin incidents list --state all --limit 20")
@click.option("--state", type=click.Choice(["open", "closed", "all"]), default="open", show_default=True)
@click.option("--severity", type=click.IntRange(1, 3))
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def list_(state: str, severity: int | None, limit: int) -> None:
    """List incidents, the newest first."""
    items = server().all("/incidents", limit, state=state, severity=severity)
    rows = [
        (f"INC-{one['number']}", f"Sev{one['severity']}", one["phase"], _utc(one["declared_at"]), one["title"])
        for one in items
    ]
    tell({"items": items}, table(rows, ("incident", "sev", "phase", "declared", "title")) or ["No incident is open."])


@command(parent=incidents, example="tocsin incidents show INC-147")
@incident_argument
def show(incident: str) -> None:
    """Show where an incident stands."""
    answer = server().get(f"/incidents/{incident}")
    head = answer
    roles = ", ".join(f"{role} {holder['person']}" for role, holder in head.get("roles", {}).items()) or "none filled"
    lines = [
        f"INC-{head['number']} Sev{head['severity']} {head['phase']}: {head['title']}",
        f"Declared {_utc(head['declared_at'])}; roles: {roles}",
    ]
    decisions = answer.get("mitigation", {}).get("decisions", {})
    lines += [
        f"Open decision {decision['decision_id']}: {decision['command']} (expected: {decision['expected']})"
        for decision in decisions.values()
        if decision["matched"] is None
    ]
    lines += [
        f"{gate['phase']}: {sentence}" for gate in answer.get("gates", []) for sentence in gate.get("missing", [])
    ]
    tell(answer, lines)


@command(parent=incidents, example="tocsin incidents timeline INC-147 --after 40")
@incident_argument
@click.option("--after", type=int, help="Only entries after this number.")
@click.option("--limit", type=click.IntRange(1, 10_000))
@click.option("--all", "everything", is_flag=True, help="Also every single alert and system entry of long runs.")
def timeline(incident: str, after: int | None, limit: int | None, everything: bool) -> None:
    """Print the timeline in UTC, what happened first first. Long runs of alert and system entries are one line."""
    items = in_order(server().all(f"/incidents/{incident}/timeline", limit, after=after))
    tell({"items": items}, timeline_lines(items, everything=everything) if items else "Nothing was written yet.")


@command(parent=incidents, example="tocsin incidents document INC-147 > INC-147.md")
@incident_argument
def document(incident: str) -> None:
    """Print the shared document as Markdown."""
    text = server().get_bytes(f"/incidents/{incident}/document.md").decode()
    tell({"document": text}, text.rstrip("\n"))


@command(example="tocsin link INC-147 https://grafana.example/d/checkout --title 'Checkout errors'")
@incident_argument
@click.argument("what")
@click.option("--title", help="What the link shows.")
@click.option(
    "--kind",
    type=click.Choice(["dashboard", "logs", "trace", "ticket", "chat", "pr", "commit", "other"]),
    default="dashboard",
    show_default=True,
)
def link(incident: str, what: str, title: str | None, kind: str) -> None:
    """Add a URL, or an alert group by its id, to an incident."""
    if "://" in what:
        _tell_or_keep(incident, "links", {"url": what, "title": title, "what": kind}, f"link {what}", "Linked.")
        return
    answer = server().post(f"/incidents/{incident}/groups", {"group": what})
    tell(answer, told(answer) or ["That group is linked already."])


@command(example="tocsin rename INC-147 'Checkout: payments time out'")
@incident_argument
@click.argument("title")
def rename(incident: str, title: str) -> None:
    """Give an incident another title."""
    say_change(server().post(f"/incidents/{incident}/title", {"title": title}))


@command(example="tocsin cancel INC-147 --reason 'the monitor was wrong'")
@incident_argument
@click.option("--reason", required=True)
def cancel(incident: str, reason: str) -> None:
    """Cancel an incident that was none."""
    say_change(server().post(f"/incidents/{incident}/cancel", {"reason": reason}))


@command(example="tocsin merge INC-148 INC-147")
@incident_argument
@click.argument("into", type=INCIDENT)
@click.option("--reason")
def merge(incident: str, into: str, reason: str | None) -> None:
    """Merge an incident INTO another; the first one ends."""
    say_change(server().post(f"/incidents/{incident}/merge", {"into": int(into), "reason": reason}))


@command(example="tocsin impact INC-147 --service checkout-api --customers 'a third of checkouts fail' --since 14:05")
@incident_argument
@click.option("--service", "services", multiple=True, help="A service that is hit; all of them, repeat it.")
@click.option("--customers", help="Who notices what.")
@click.option("--symptom", "symptoms", multiple=True, help="Something that is seen; repeat it.")
@click.option("--since", help="UTC: 14:05 or 2026-11-19T14:05:00Z.")
@click.option("--until", help="UTC, when it was over.")
def impact(
    incident: str,
    services: tuple[str, ...],
    customers: str | None,
    symptoms: tuple[str, ...],
    since: str | None,
    until: str | None,
) -> None:
    """Say who and what is hit, and since when."""
    body = {
        "services": list(services) or None,
        "customers": customers,
        "started_at": clock_of(since),
        "ended_at": clock_of(until),
    }
    body = {name: value for name, value in body.items() if value is not None}
    if not body and not symptoms:
        raise click.UsageError("say what is hit: --service, --customers, --symptom, --since or --until")
    for symptom in symptoms:
        _tell_or_keep(incident, "symptoms", {"text": symptom, "happened_at": _now()}, symptom, "Symptom recorded.")
    if body:
        _tell_or_keep(incident, "impact", body, "impact", "Impact recorded.")


@command(example="tocsin severity INC-147 1 --reason 'orders are lost'")
@incident_argument
@click.argument("severity", type=click.IntRange(1, 3))
@click.option("--reason", help="Needed when lowering.")
def severity(incident: str, severity: int, reason: str | None) -> None:
    """Change the severity."""
    say_change(server().post(f"/incidents/{incident}/severity", {"severity": severity, "reason": reason}))


@command(example="tocsin phase INC-147 resolved")
@incident_argument
@click.argument("phase")
@click.option("--reason", help="Needed when going back.")
def phase(incident: str, phase: str, reason: str | None) -> None:
    """Move an incident to a phase; its gate must be met (see `tocsin override gate`)."""
    say_change(server().post(f"/incidents/{incident}/phase", {"phase": phase, "reason": reason}))


@command(example="tocsin note INC-147 'errors only in eu-west-1' --at 14:12")
@incident_argument
@click.argument("text", required=False)
@utc_option("--at", help="When it happened, UTC: 14:05 or 2026-11-19T14:05:00Z.")
@click.option("--correct", type=int, metavar="ENTRY", help="The number of the timeline entry that this corrects.")
@click.option("--tick", metavar="STEP", help="Tick a step of the first five minutes.")
def note(incident: str, text: str | None, at: str | None, correct: int | None, tick: str | None) -> None:
    """Write a line on the timeline, correct an entry, or tick a step. Kept and handed over later when the server is away."""
    if not text and not tick and not (correct and at):
        raise click.UsageError("write what happened: tocsin note INC-147 'TEXT'")
    if tick:
        _tell_or_keep(incident, "checklist", {"step": tick, "note": text}, f"tick {tick}", "Ticked.")
    elif correct is not None:
        body = {"corrects": correct, "text": text, "happened_at": at}
        _tell_or_keep(incident, "corrections", body, f"correction of {correct}", "Corrected.")
    else:
        _tell_or_keep(incident, "notes", {"text": text, "happened_at": at or _now()}, str(text), "Noted.")


def _tell_or_keep(incident: str, below: str, body: dict[str, Any], title: str, done: str) -> None:
    said = {name: value for name, value in body.items() if value is not None}
    kept = Told(f"/incidents/{{incident}}/{below}", said, incident=incident, server=server_address(), title=title)
    answer = tell_or_keep(kept)
    if answer is None:
        tell({"kept": kept.command_id}, kept_for_later())
    else:
        tell(answer, told(answer) or [done])


def _labels(given: tuple[str, ...]) -> dict[str, str]:
    labels = {}
    for label in given:
        name, equals, value = label.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{label!r} is no label; write it as NAME=VALUE")
        labels[name] = value
    return labels


def _utc(text: str) -> str:
    return text[:19].replace("T", " ") + "Z"


def _now() -> str:
    return SystemClock().now().isoformat()
