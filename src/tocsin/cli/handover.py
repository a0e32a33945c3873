"""Between the spool and the server: what was kept goes first, what can't be told now is kept."""

import sys

import click

from tocsin.cli.client import Server, connect, known_credentials
from tocsin.cli.command import warn
from tocsin.cli.errors import Away, NoServerKnown, NotTaken, Refused
from tocsin.cli.offline.spool import HandedOver, Spool, Told

_QUICK = 4.0
_NOT_OURS = frozenset({401, 403, 429})


def server() -> Server:
    """The server, after it was given what waits for it here. Raises Away or NoServerKnown."""
    connected = connect()
    spool = Spool()
    if not spool.is_empty():
        outcome = hand_over(connected, spool)
        if not outcome.server_answers:
            raise Away(outcome.why_waiting)
        say(outcome)
    return connected


def tell_or_keep(told: Told) -> dict[str, object] | None:
    """Tell the server now and return its answer; None when it is away and the command is kept for later.

    Raises Refused when the server says no to this very command.
    """
    spool = Spool()
    kept = spool.keep(told)
    outcome = try_hand_over(spool)
    for refused, reason in outcome.refused:
        if refused.command_id == kept.command_id:
            raise Refused(reason)
    if outcome.refused:
        say(HandedOver(refused=outcome.refused))
    return spool.answer_to(kept.command_id)


def try_hand_over(spool: Spool) -> HandedOver:
    """Empty the spool as far as the server lets us; never raises for its absence."""
    try:
        return hand_over(connect(timeout=_QUICK), spool)
    except NoServerKnown as error:
        return HandedOver(waiting=len(spool.waiting()), why_waiting=str(error), server_answers=False)


def hand_over(connected: Server, spool: Spool) -> HandedOver:
    """Send what waits for this server, oldest first, until it is away."""

    def post(path: str, body: dict[str, object], command_id: str) -> dict[str, object]:
        try:
            answer = connected.post(path, body, command_id)
        except Refused as error:
            # A token that is not good any more says nothing about what was told: keep it.
            if error.status in _NOT_OURS or error.status >= 500:
                raise NotTaken(f"{connected.url} does not take it: {error}") from error
            raise
        return answer if isinstance(answer, dict) else {}

    def only_incident() -> str | None:
        try:
            open_ones = connected.get("/incidents", state="open", limit=2)["items"]
        except Refused:
            return None
        return str(open_ones[0]["number"]) if len(open_ones) == 1 else None

    return spool.hand_over(post, connected.url, only_incident)


def say(outcome: HandedOver) -> None:
    """Tell the person what was handed over, refused, or waits."""
    if outcome.sent:
        warn(f"handed over {_count(len(outcome.sent))} kept while the server was away")
    for told, reason in outcome.refused:
        warn(f"the server would not take {told.title or told.path!r}: {reason} (kept aside: tocsin spool list)")
    if outcome.without_incident:
        warn(f"{_count(outcome.without_incident)} wait to know their incident: tocsin spool attach INC-NUMBER")
    if outcome.why_waiting:
        warn(f"{_count(outcome.waiting)} kept for later: {outcome.why_waiting}")


def server_address() -> str | None:
    """The server that a kept command is for, if one is known here."""
    credentials = known_credentials()
    return credentials.url if credentials else None


def incident_of(incident: str | None) -> str | None:
    """The incident as the spool keeps it."""
    return incident or None


def kept_for_later() -> str:
    """The sentence that says that something is not lost."""
    return "The server is away. Kept here; handed over with the next command or by `tocsin spool send`."


def _count(number: int) -> str:
    return "1 record" if number == 1 else f"{number} records"


def confirm_on_terminal(question: str) -> bool | None:
    """Yes or no from a person; None when there is none to ask."""
    if not sys.stdin.isatty():
        return None
    answer: str = click.prompt(question, default="later", show_default=True)
    return {"y": True, "yes": True, "n": False, "no": False}.get(answer.strip().lower())
