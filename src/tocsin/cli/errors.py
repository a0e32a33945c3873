"""What can go wrong between the command line and the server, and the exit codes that say so."""

from typing import Any

REFUSED = 1  # understood, and the answer is no
WOULD_CHANGE = 2  # `tocsin plan` only
COULD_NOT_ASK = 3
USAGE = 64  # EX_USAGE


class Away(Exception):
    """The server could not be asked, or asks to come again later: keep the command and stop."""


class NotTaken(Away):
    """The server answers, but this token may not tell it such a thing: keep the command, others may go on."""


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
