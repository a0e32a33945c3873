"""What the composition root hands to the faces: the running parts, and nothing that can be asked of them instead."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.smtp import Smtp
from tocsin.clock import Clock
from tocsin.engine.loop import Loop
from tocsin.engine.work import Registry
from tocsin.identity.keys import Keys
from tocsin.identity.throttle import Throttle
from tocsin.intake.routes import Known
from tocsin.intake.writer import Writer
from tocsin.settings import Settings
from tocsin.store.database import Database


@dataclass
class Parts:
    """The running parts of one process. `smtp` is None when no mail server is set.

    `known` are the integrations by their secrets; `writer` is what makes their alerts durable.
    """

    settings: Settings
    clock: Clock
    keys: Keys
    database: Database
    node: str
    registry: Registry
    loop: Loop
    http: GuardedHttp
    smtp: Smtp | None
    known: Known
    writer: Writer
    throttle: Throttle = field(default_factory=Throttle)
    starting: list[Callable[[], Awaitable[None]]] = field(default_factory=list)  # awaited when the loop runs
    leaving: list[Callable[[], None]] = field(default_factory=list)  # told first: what stays open by itself ends now
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)  # awaited before the loop stops
