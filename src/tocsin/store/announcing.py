"""What was announced in a transaction, told after its commit to the listeners of this process."""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

Listener = Callable[[frozenset[str]], None]
_log = logging.getLogger(__name__)


class Announcer(Protocol):
    """Tells topics to listeners."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each telling; returns how to stop."""
        ...

    def tell(self, topics: frozenset[str]) -> None:
        """Tell topics to all listeners."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


class LocalAnnouncer:
    """Tells the listeners of this process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each telling; returns how to stop."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def tell(self, topics: frozenset[str]) -> None:
        """Tell topics to this process's listeners; one that fails does not keep it from others."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(topics)
            except Exception:
                _log.exception("a listener failed on %s", sorted(topics))

    def close(self) -> None:
        """Forget the listeners."""
        with self._lock:
            self._listeners.clear()
