"""What can go wrong between the command line and the server, and the exit codes that say so."""

from typing import Any

REFUSED = 1  # understood, and the answer is no
WOULD_CHANGE = 2  # `tocsin plan` only
COULD_NOT_ASK = 3
USAGE = 64  # EX_USAGE


class Away(Exception):
    """The server could not be asked, or asks to come again later: keep the command and stop."""


class NotTaken(Away):
    """The server answers, but fails on this: keep the command, it may go better later."""


class TokenRefused(NotTaken):
    """The server answers, but not to this token: it is no good any more (401), or does not reach so far (403)."""

    def __init__(self, message: str, status: int, problem: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem or {"status": status, "detail": message}


class Refused(Exception):
    """The server has understood and said no: sending the same again can't help. `problem` is its RFC 9457 document."""

    def __init__(self, message: str, status: int = 0, problem: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem or {"status": status, "detail": message}


class NoServerKnown(Exception):
    """Neither TOCSIN_URL nor a sign-in says where the server is."""

    def __init__(self) -> None:
        super().__init__(
            "no server is known here; run `tocsin login URL`, or set TOCSIN_URL and TOCSIN_TOKEN (see `tocsin login --help`)"
        )
