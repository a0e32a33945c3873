"""The installable face: manifest, service worker, and what is shown while there is no connection."""

import json
from datetime import datetime

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tocsin.errors import TocsinError, Unavailable
from tocsin.paging.usecases.contact import renew_subscription
from tocsin.parts import Parts
from tocsin.web.rendering import Renderer, html
from tocsin.web.views.common import Shell

_MOST_BYTES = 10_000
_ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("maskable-512.png", "512x512", "maskable"),
)


def routes(parts: Parts, renderer: Renderer) -> list[BaseRoute]:
    """None of them needs a session: they hold nothing of anybody's."""
    worker = renderer.environment.get_template("pwa/sw.js").render()
    manifest = json.dumps(_manifest(renderer))

    async def serve_worker(_request: Request) -> Response:
        return Response(worker, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def serve_manifest(_request: Request) -> Response:
        return Response(manifest, media_type="application/manifest+json", headers={"Cache-Control": "no-cache"})

    async def offline(_request: Request) -> Response:
        return html(renderer.page("pwa/offline.html", {}, Shell(now=parts.clock.now(), page="")))

    async def renew(request: Request) -> Response:
        """A browser's push service gave it another address. What proves it is the old one with its secret."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return Response(status_code=413)
        try:
            told = json.loads(body)
            old, new = json.dumps(told["old"]), json.dumps(told["new"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return Response(status_code=400)

        def write(connection: Connection, now: datetime) -> None:
            renew_subscription(connection, old, new, now)

        name, now = f"push:{request.client.host if request.client else ''}", parts.clock.now()
        try:
            parts.throttle.check(name, now)  # each guess opens every subscription
            await parts.database.write_async(write)
        except Unavailable as error:
            return Response(status_code=429, headers={"Retry-After": str(error.retry_after)})
        except TocsinError:
            parts.throttle.failed(name, now)
            return Response(status_code=404)
        return Response(status_code=204)

    return [
        Route("/sw.js", serve_worker),
        Route("/manifest.webmanifest", serve_manifest),
        Route("/offline", offline),
        Route("/push/renew", renew, methods=["POST"]),
    ]


def _manifest(renderer: Renderer) -> dict[str, object]:
    asset = renderer.environment.globals["asset"]
    assert callable(asset)
    return {
        "id": f"{renderer.base}/",
        "name": "Tocsin",
        "short_name": "Tocsin",
        "description": "Pages, incidents and who is on call",
        "start_url": f"{renderer.base}/",
        "scope": f"{renderer.base}/",
        "display": "standalone",
        "background_color": "#faf9f7",
        "theme_color": "#faf9f7",
        "icons": [
            {"src": asset(f"icons/{name}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in _ICONS
        ],
    }
