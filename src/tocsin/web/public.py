"""What needs no session: signing in and out, the page behind a signed link, the status page."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tocsin.errors import SignInNeeded, TocsinError, Unavailable
from tocsin.identity import accounts, sessions
from tocsin.identity.actor import Actor
from tocsin.parts import Parts
from tocsin.web.pages import linked, status
from tocsin.web.rendering import Renderer, html
from tocsin.web.session import Cookies, inside, secret_of
from tocsin.web.views.common import Shell


def public_routes(parts: Parts, renderer: Renderer, cookies: Cookies) -> list[BaseRoute]:
    """The routes."""
    door = Door(parts, renderer, cookies)
    return [
        Route("/sign-in", door.ask, methods=["GET"]),
        Route("/sign-in", door.enter, methods=["POST"]),
        Route("/sign-in/{secret}", door.look_at_link, methods=["GET"]),
        Route("/sign-in/{secret}", door.use_link, methods=["POST"]),
        Route("/sign-out", door.leave, methods=["POST"]),
        *linked.routes(parts, renderer),
        *status.routes(parts, renderer),
    ]


class Door:
    """Signing in by password or single-use link. Guesses are slowed down."""

    def __init__(self, parts: Parts, renderer: Renderer, cookies: Cookies) -> None:
        self._parts = parts
        self._renderer = renderer
        self._cookies = cookies

    async def ask(self, request: Request) -> Response:
        """GET /sign-in."""
        return self._page(request.query_params.get("next", "/"))

    async def enter(self, request: Request) -> Response:
        """POST /sign-in: e-mail and password. Other sites' forms are refused by their origin."""
        async with request.form() as form:
            email, password = str(form.get("email", "")), str(form.get("password", ""))
            place = inside(str(form.get("next", "/")))
        if not same_origin(request):
            return self._page(place, "This form came from another site. Load the page again.", email, 403)
        names = (f"mail:{email.strip().lower()}", f"address:{request.client.host if request.client else ''}")
        now = self._parts.clock.now()

        def write(connection: Connection, at: datetime) -> str:
            return sessions.start_session(connection, accounts.person_for_password(connection, email, password), at)

        try:
            for name in names:
                self._parts.throttle.check(name, now)
            secret = await self._parts.database.write_async(write)
        except (SignInNeeded, Unavailable) as error:
            for name in names:
                self._parts.throttle.failed(name, now)
            return self._page(place, error.message, email, 401)
        response = RedirectResponse(f"{self._renderer.base}{place}", 303)
        self._cookies.sign_in(request, response, secret)
        return response

    async def look_at_link(self, request: Request) -> Response:
        """GET: shows whose link it is; uses nothing, since link scanners open links."""
        secret, now = request.path_params["secret"], self._parts.clock.now()
        account = await self._parts.database.read_async(lambda c: accounts.look_at_link(c, secret, now))
        if account is None:
            return self._page("/", "This sign-in link was used already or is too old. Ask for a new one.", "", 410)
        return self._render(
            "sign_in_link.html",
            {"name": account.name, "has_password": account.has_password, "secret": secret, "error": ""},
        )

    async def use_link(self, request: Request) -> Response:
        """POST: uses the link up, sets a password where one was chosen, signs in."""
        secret = request.path_params["secret"]
        async with request.form() as form:
            password = str(form.get("password", ""))

        def write(connection: Connection, at: datetime) -> tuple[str, bool]:
            person_id = accounts.use_link(connection, secret, at)
            account = accounts.account_of(connection, person_id)
            assert account is not None
            fresh = not account.has_password
            if password:
                actor = Actor("person", person_id, account.name, account.right, person_id)
                accounts.set_password(connection, actor, person_id, password, at)
            return sessions.start_session(connection, person_id, at), fresh

        try:
            session, fresh = await self._parts.database.write_async(write)
        except TocsinError as error:
            now = self._parts.clock.now()
            account = await self._parts.database.read_async(lambda c: accounts.look_at_link(c, secret, now))
            if account is None:
                return self._page("/", error.message, "", 410)
            view = {
                "name": account.name,
                "has_password": account.has_password,
                "secret": secret,
                "error": error.message,
            }
            return self._render("sign_in_link.html", view, 422)
        response = RedirectResponse(f"{self._renderer.base}/{'setup' if fresh else ''}", 303)
        self._cookies.sign_in(request, response, session)
        return response

    async def leave(self, request: Request) -> Response:
        """POST /sign-out. Harmless from elsewhere: it only ends this browser's session."""
        secret = secret_of(request)
        if secret and same_origin(request):
            await self._parts.database.write_async(lambda c, _now: sessions.end_session(c, secret))
        response = RedirectResponse(f"{self._renderer.base}/sign-in", 303)
        self._cookies.sign_out(response)
        return response

    def _page(self, place: str, error: str = "", email: str = "", status_code: int = 200) -> Response:
        return self._render("sign_in.html", {"next": inside(place), "error": error, "email": email}, status_code)

    def _render(self, template: str, view: dict[str, Any], status_code: int = 200) -> Response:
        shell = Shell(now=self._parts.clock.now(), page="")
        return html(self._renderer.page(template, view, shell), status_code)


def same_origin(request: Request) -> bool:
    """Whether a form was sent by one of our own pages, as far as the browser tells."""
    origin = request.headers.get("origin")
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched in ("same-origin", "none")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
