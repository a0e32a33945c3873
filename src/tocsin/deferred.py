"""An application that is built when it is first asked for, off the event loop, so that a start does not wait for it."""

import asyncio
import gc
import threading
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send


class Deferred:
    """Builds its application once, whoever asks first; those who ask meanwhile wait for the same one."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._app: ASGIApp | None = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        app = self._app
        if app is None:
            app = await asyncio.to_thread(self._built)
        await app(scope, receive, send)

    def _built(self) -> ASGIApp:
        with self._lock:
            if self._app is None:
                self._app = self._build()
                keep_for_good()
            return self._app


def keep_for_good() -> None:
    """What is in memory now stays: the garbage collector need not look through all of it again and again.

    A look took a fifth of a second, in which nobody was answered, and in a storm it came every few seconds. What comes
    and goes with each alert is freed without the collector; so it looks at new things less often, too.
    """
    gc.freeze()  # without looking first, which takes as long: a start leaves a thousand objects in vain, not megabytes
    gc.set_threshold(20_000, 20, 20)
