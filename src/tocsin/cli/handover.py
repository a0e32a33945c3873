"""Between the spool and the server: what was kept goes first, what can't be told now is kept."""

import sys

import click

from tocsin.cli.client import Server, connect, known_credentials
from tocsin.cli.command import warn
from tocsin.cli.errors import Away, NoServerKnown, NotTaken, Refused, TokenRefused
from tocsin.cli.offline.spool import UNKNOWN_TOKEN, HandedOver, Spool, Told

KEPT = "It is kept here; with a good token, `tocsin spool send` hands it over"
_QUICK = 4.0
ABOUT_THE_TOKEN = frozenset({401, 403})


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

    Raises Refused when the server says no to this very command or to our token; nothing is kept then.
    """
    spool = Spool()
    kept = spool.keep(told)
    outcome = try_hand_over(spool)
    for refused, reason in outcome.refused:
        if refused.command_id == kept.command_id:
            raise Refused(reason)
    for refused, error in outcome.token_refused:
        if refused.command_id == kept.command_id and spool.withdraw(kept.command_id):
            raise Refused(f"{error}. Nothing was recorded.", error.status, error.problem)
    say(HandedOver(refused=outcome.refused, token_refused=outcome.token_refused, waiting=outcome.waiting))
    answer = spool.answer_to(kept.command_id)
    if answer is None and outcome.why_waiting:
        warn(outcome.why_waiting)
    return answer


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
            # A token that is not good any more says nothing about what was told.
            raise _of_the_token(error, connected.url) from error
        return answer if isinstance(answer, dict) else {}

    def only_incident() -> str | None:
        try:
            open_ones = connected.get("/incidents", state="open", limit=2)["items"]
        except Refused as error:
            because = _of_the_token(error, connected.url)
            if isinstance(because, Refused):
                return None
            raise because from error
        return str(open_ones[0]["number"]) if len(open_ones) == 1 else None

    return spool.hand_over(post, connected.url, only_incident)


def _of_the_token(error: Refused, url: str) -> Exception:
    if error.status in ABOUT_THE_TOKEN:
        return TokenRefused(token_refused(error, url), error.status, error.problem)
    if error.status >= 500:
        return NotTaken(f"{url} fails on this: {error}")
    return error


def token_refused(error: Refused, url: str) -> str:
    """That the server refused our token, with its reason and what to do."""
    said = str(error).rstrip(".")
    if error.status == UNKNOWN_TOKEN:
        return f"{url} refused this token: {said}; sign in again by `tocsin login {url}`, or set TOCSIN_TOKEN to a good one"
    return f"{url} refused this token: {said}"


def say(outcome: HandedOver) -> None:
    """Tell the person what was handed over, refused, or waits."""
    after_away = sum(told.held_up == "away" for told in outcome.sent)
    waited = sum(told.held_up is not None for told in outcome.sent) - after_away
    if after_away:
        warn(f"handed over {_count(after_away)} kept while the server was away")
    if waited:
        warn(f"handed over {_count(waited)} that waited here")
    for told, reason in outcome.refused:
        warn(f"the server would not take {told.title or told.path!r}: {reason} (kept aside: tocsin spool list)")
    if outcome.token_refused:
        _, error = outcome.token_refused[0]
        warn(f"{error}. {_count(outcome.waiting)} kept here, for `tocsin spool send`")
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
    return "The server can't be told now. Kept here; handed over with the next command or by `tocsin spool send`."


def _count(number: int) -> str:
    return "1 record" if number == 1 else f"{number} records"


def confirm_on_terminal(question: str) -> bool | None:
    """Yes or no from a person; None when there is none to ask."""
    if not sys.stdin.isatty():
        return None
    answer: str = click.prompt(question, default="later", show_default=True)
    return {"y": True, "yes": True, "n": False, "no": False}.get(answer.strip().lower())
