"""`tocsin spool`: what was told while the server was away."""

import click

from tocsin.cli.command import INCIDENT, command, group, table, tell
from tocsin.cli.errors import Away, Refused
from tocsin.cli.handover import hand_over, say
from tocsin.cli.offline.spool import Spool


@group(example="tocsin spool list\ntocsin spool send")
def spool() -> None:
    """What waits here to be handed over to the server."""


@command(parent=spool, name="list", example="tocsin spool list")
def list_() -> None:
    """Show what waits, and what the server would not take."""
    kept = Spool()
    waiting, refused = kept.waiting(), kept.refused()
    answer = {
        "waiting": [
            {
                "command_id": told.command_id,
                "title": told.title or told.path,
                "incident": told.incident,
                "told_at": told.told_at,
            }
            for told in waiting
        ],
        "refused": refused,
    }
    lines = table(
        [
            (told.told_at[:19] + "Z", f"INC-{told.incident}" if told.incident else "unknown", told.title or told.path)
            for told in waiting
        ],
        ("told", "incident", "what"),
    ) or ["Nothing waits."]
    if refused:
        lines += [
            "",
            *table([(one["title"] or one["path"], one["refused_because"]) for one in refused], ("refused", "because")),
        ]
        lines.append(f"Kept in {kept.directory / 'refused'} until you remove them.")
    tell(answer, lines)


@command(parent=spool, example="tocsin spool send")
def send() -> None:
    """Hand over now what waits."""
    from tocsin.cli.client import connect

    outcome = hand_over(connect(), Spool())
    say(outcome)
    if outcome.token_refused:
        told, error = outcome.token_refused[0]
        raise Refused(f"{told.title or told.path} is kept, but not handed over", error.status, error.problem)
    if outcome.why_waiting:
        raise Away(outcome.why_waiting)
    tell(
        {"sent": len(outcome.sent), "refused": len(outcome.refused), "waiting": outcome.waiting},
        f"{len(outcome.sent)} handed over.",
    )


@command(parent=spool, example="tocsin spool attach INC-147")
@click.argument("incident", type=INCIDENT)
def attach(incident: str) -> None:
    """Say which incident those belong to that know none."""
    count = Spool().attach(incident)
    tell({"attached": count, "incident": incident}, f"{count} now belong to INC-{incident}.")
