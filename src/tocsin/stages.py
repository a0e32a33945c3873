"""Which stages there are: their handlers, their routes, what the first start makes, what is swept."""

from datetime import datetime

from sqlalchemy import Connection
from starlette.routing import BaseRoute

from tocsin.identity import commands, sessions
from tocsin.parts import Parts


def register_stages(parts: Parts) -> None:
    """Let every stage register its handlers with the engine."""


def page_last_resort(connection: Connection, what: str, now: datetime) -> None:
    """Page the last resort about Tocsin itself."""


def routes(parts: Parts) -> list[BaseRoute]:
    """The faces."""
    return []


def first_start(parts: Parts) -> list[str]:
    """Make what a first start needs, and the lines that it prints."""
    return []


def housekeeping(connection: Connection, now: datetime) -> None:
    """Remove what has run out."""
    sessions.sweep_sessions(connection, now)
    commands.forget_old(connection, now)
