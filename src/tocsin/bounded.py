"""No request's body is read beyond a bound, whether it says its length or comes in pieces that never end."""

from collections.abc import Callable
from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.errors import TooLarge


class _Exceeded(HTTPException):
    """Ends the application's reading, as a refusal that nobody takes for a fault; what is said to it is not sent."""

    def __init__(self) -> None:
        super().__init__(413)


class BoundedBodies:
    """ASGI middleware. `limit_of(path)` is in bytes, None where the application bounds bodies by itself.

    A body over the limit is answered by `refuse(path, error)`, and the connection is closed: its rest is never read.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit_of: Callable[[str], int | None],
        refuse: Callable[[str, TooLarge], Response],
    ) -> None:
        self._app = app
        self._limit_of = limit_of
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, or with the refusal."""
        limit = self._limit_of(scope["path"]) if scope["type"] == "http" else None
        if limit is None:
            await self._app(scope, receive, send)
            return
        if _said(scope) > limit:
            await self._answer(scope, receive, send, limit)
            return
        read, begun = 0, False

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise _Exceeded
            return message

        async def told(message: Message) -> None:
            nonlocal begun
            if read <= limit or begun:
                begun = True
                await send(message)

        with suppress(_Exceeded):
            await self._app(scope, bounded, told)
        if read > limit and not begun:
            await self._answer(scope, receive, send, limit)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        refusal = self._refuse(
            scope["path"], TooLarge(f"the body is larger than the {limit:,} bytes that are read here")
        )
        refusal.headers["Connection"] = "close"
        await refusal(scope, receive, send)


def _said(scope: Scope) -> int:
    """What Content-Length promises, bytes; 0 where it says nothing."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(said) if said.isdigit() and len(said) < 20 else 0
