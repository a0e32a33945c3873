"""Updates, escalation and vendors."""

from collections.abc import Callable
from typing import Any

import click

from tocsin.cli.client import part
from tocsin.cli.command import DURATION, command, group, incident_argument, tell
from tocsin.cli.commands.telling import ahead, told
from tocsin.cli.handover import server

_STATUS = ["investigating", "identified", "monitoring", "resolved"]


@group(example="tocsin update internal INC-147 --known '…' --doing '…' --next '…'")
def update() -> None:
    """Write updates in three boxes; approve those for the status page."""


def _boxes(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--in", "next_in", type=DURATION, help="The next one comes in this time, as in 30m."),
        click.option("--next-at", help="When the next one comes, UTC."),
        click.option("--next", "next_", required=True, help="What comes next."),
        click.option("--doing", required=True, help="What we are doing."),
        click.option("--known", required=True, help="What we know."),
    ):
        function = option(function)
    return function


@command(
    parent=update,
    example="tocsin update internal INC-147 --known 'a bad deploy' --doing 'rolling back' --next 'watch errors'",
)
@incident_argument
@_boxes
def internal(incident: str, known: str, doing: str, next_: str, next_at: str | None, next_in: str | None) -> None:
    """Post an update to the channel."""
    _update(
        incident, {"audience": "internal", "known": known, "doing": doing, "next": next_, "next_in": next_in}, next_at
    )


@command(
    parent=update,
    example="tocsin update external INC-147 --known 'Some payments fail' --doing 'We undo a change' --next 'We say more soon' "
    "--in 30m --status identified --component checkout-api",
)
@incident_argument
@_boxes
@click.option("--headline", help="What customers notice, in a few words.")
@click.option("--status", type=click.Choice(_STATUS), default="investigating", show_default=True)
@click.option("--component", "components", multiple=True, help="A service that is affected; repeat it.")
def external(
    incident: str,
    known: str,
    doing: str,
    next_: str,
    next_at: str | None,
    next_in: str | None,
    headline: str | None,
    status: str,
    components: tuple[str, ...],
) -> None:
    """Write an update for the status page; it appears once it has its approval."""
    body = {
        "audience": "external",
        "known": known,
        "doing": doing,
        "next": next_,
        "next_in": next_in,
        "headline": headline,
    }
    _update(incident, {**body, "status": status, "components": list(components) or None}, next_at)


@command(parent=update, example="tocsin update approve INC-147 UPDATE")
@incident_argument
@click.argument("update_id", metavar="UPDATE")
@click.option("--reason", help="Why it may go without the role that approves.")
def approve(incident: str, update_id: str, reason: str | None) -> None:
    """Let an external update go out."""
    answer = server().post(f"/incidents/{incident}/updates/{part(update_id)}/approve", {"reason": reason})
    tell(answer, told(answer))


@command(parent=update, example="tocsin update reject INC-147 UPDATE --reason 'names an internal host'")
@incident_argument
@click.argument("update_id", metavar="UPDATE")
@click.option("--reason", required=True)
def reject(incident: str, update_id: str, reason: str) -> None:
    """Send an external update back."""
    answer = server().post(f"/incidents/{incident}/updates/{part(update_id)}/reject", {"reason": reason})
    tell(answer, told(answer))


@group(
    example="tocsin escalate team INC-147 payments --why 'their gateway'\ntocsin escalate answer INC-147 data_or_auth yes"
)
def escalate() -> None:
    """Call in a team; answer the escalation questions."""


@command(parent=escalate, example="tocsin escalate team INC-147 security --why 'customer data may be touched'")
@incident_argument
@click.argument("team_id", metavar="TEAM")
@click.option("--why", required=True)
def team(incident: str, team_id: str, why: str) -> None:
    """Call in another team: it is paged."""
    answer = server().post(f"/incidents/{incident}/escalations", {"team": team_id, "why": why})
    tell(answer, told(answer) or [f"{team_id} is called in already."])


@command(
    parent=escalate,
    name="answer",
    example="tocsin escalate answer INC-147 data_or_auth yes --note 'session tokens in logs'",
)
@incident_argument
@click.argument("question")
@click.argument("answer", type=click.Choice(["yes", "no"]))
@click.option("--note")
def answer_(incident: str, question: str, answer: str, note: str | None) -> None:
    """Answer a question: data_or_auth, vendor, second_team, or a runbook's own. The runbook says what follows."""
    said = server().post(f"/incidents/{incident}/questions/{part(question)}", {"answer": answer == "yes", "note": note})
    tell(said, told(said) or ["That was answered already."])


@group(example="tocsin vendor engage INC-147 payments-gateway --reference CASE-1234")
def vendor() -> None:
    """Engage a vendor and note its answers."""


@command(parent=vendor, example="tocsin vendor engage INC-147 payments-gateway --reference CASE-1234")
@incident_argument
@click.argument("vendor_id", metavar="VENDOR")
@click.option("--reference", help="The vendor's case number.")
@click.option("--contact", help="Who there was asked.")
def engage(incident: str, vendor_id: str, reference: str | None, contact: str | None) -> None:
    """Open an engagement; its clock runs from now."""
    answer = server().post(
        f"/incidents/{incident}/vendors", {"vendor": vendor_id, "reference": reference, "contact": contact}
    )
    lines = told(answer)
    tell(answer, [*lines, f"Engagement {answer['engagement_id']}"] if "engagement_id" in answer else lines)


@command(
    parent=vendor,
    name="note",
    example="tocsin vendor note INC-147 ENGAGEMENT --state answered 'their edge in eu-west was down'",
)
@incident_argument
@click.argument("engagement")
@click.argument("text")
@click.option("--state", type=click.Choice(["waiting", "answered", "ended"]), default="answered", show_default=True)
def note_(incident: str, engagement: str, text: str, state: str) -> None:
    """Note what the vendor said; an answer stops its clock."""
    answer = server().post(f"/incidents/{incident}/vendors/{part(engagement)}", {"state": state, "text": text})
    tell(answer, told(answer))


def _update(incident: str, body: dict[str, object], next_at: str | None) -> None:
    body = {**body, "next_at": ahead(next_at) if next_at else None}
    answer = server().post(
        f"/incidents/{incident}/updates", {name: value for name, value in body.items() if value is not None}
    )
    waits = (
        f"It waits for approval: update {answer['update_id']}"
        if answer.get("waits_for_approval")
        else f"update {answer.get('update_id')}"
    )
    tell(answer, [*told(answer), waits])
