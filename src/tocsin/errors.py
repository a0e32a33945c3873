"""The small tree of errors that a use case may raise; faces translate them, nothing else does.

A message names what was wrong, where, and the next step.
"""

from dataclasses import dataclass


class TocsinError(Exception):
    """Anything that Tocsin itself refuses, with a sentence for the person who asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Mistake:
    """One wrong thing in an input: the field's path (`roles.0.person`), or '' for the whole."""

    field: str
    message: str


class Invalid(TocsinError):
    """The input is wrong; `mistakes` names each field. HTTP 422."""

    def __init__(self, message: str, field: str = "", mistakes: tuple[Mistake, ...] = ()) -> None:
        super().__init__(message)
        self.mistakes = mistakes or (Mistake(field, message),)


class NotFound(TocsinError):
    """There is no such thing, or the actor may not know of it. HTTP 404."""


class Forbidden(TocsinError):
    """The actor is known but may not do this. HTTP 403."""


class SignInNeeded(TocsinError):
    """Nobody is signed in, or the credential is not good any more. HTTP 401."""


class Conflict(TocsinError):
    """The state does not allow it now: somebody was faster, or a gate is not met. HTTP 409."""


class TooLarge(TocsinError):
    """The input is larger than the stated limit. HTTP 413."""


class Unavailable(TocsinError):
    """Not now, but later: `retry_after` seconds. HTTP 503."""

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ConfigurationError(TocsinError):
    """A setting, file or environment on the server's own machine is wrong; the process ends with the sentence."""
