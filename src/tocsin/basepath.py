"""The path that a reverse proxy puts before ours: understood whether the proxy takes it away or leaves it on."""

from starlette.types import ASGIApp, Receive, Scope, Send


class BelowBasePath:
    """Takes the base path off each request's path. Links that go out carry it; routes inside know nothing of it."""

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        self._app = app
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does for the path without the base."""
        base = self._base_path
        if base and scope["type"] == "http" and (scope["path"] == base or scope["path"].startswith(base + "/")):
            scope = {**scope, "path": scope["path"][len(base) :] or "/"}
        await self._app(scope, receive, send)
