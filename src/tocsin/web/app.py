"""The web face: its routes, its errors, its headers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tocsin.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded, TocsinError, TooLarge, Unavailable
from tocsin.ids import new_id
from tocsin.incidents.queries import incident_id_of
from tocsin.parts import Parts
from tocsin.web import pwa
from tocsin.web.assets import serve_asset
from tocsin.web.forms.registry import FORMS
from tocsin.web.forms.sending import Form, Sent, Told
from tocsin.web.live import Live
from tocsin.web.pages.registry import SCREENS
from tocsin.web.public import public_routes
from tocsin.web.rendering import Renderer, html
from tocsin.web.screens import Answer, Asked, Loaded, Screen
from tocsin.web.security import SecureHeaders
from tocsin.web.session import TOAST, Cookies, check_csrf, inside, secret_of, signed_in, toast_of
from tocsin.web.shell import shell_for
from tocsin.web.views.common import FormView, Shell, Toast

_log = logging.getLogger(__name__)
_STATUS: tuple[tuple[type[TocsinError], int, str], ...] = (
    (NotFound, 404, "There is nothing here"),
    (Forbidden, 403, "This is not yours to do"),
    (Conflict, 409, "Not now"),
    (Invalid, 422, "Something is not right"),
    (TooLarge, 413, "Too large"),
    (Unavailable, 503, "Not now"),
)


class Face:
    """The web face of one process."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.renderer = Renderer.at(parts.settings.base_path)
        self.cookies = Cookies(parts.settings.base_path, parts.settings.outside_url.startswith("https://"))
        self.live = Live(parts, self.renderer, SCREENS, self.load)

    def routes(self) -> list[BaseRoute]:
        """Every path that the browser may ask."""
        found: list[BaseRoute] = [Route("/static/{name}", serve_asset)]
        found += pwa.routes(self.parts, self.renderer)
        found += public_routes(self.parts, self.renderer, self.cookies)
        found.append(Route("/live", self.live.stream))
        found += [Route(form.path, self._guarded(self._post(form)), methods=["POST"]) for form in FORMS]
        found += [Route(form.path, self._guarded(self._ask(form)), methods=["GET"]) for form in FORMS if form.show]
        found += [Route(screen.path, self._guarded(self._show(screen)), methods=["GET"]) for screen in SCREENS]
        return [_secured(route) for route in found]

    def load(self, screen: Screen, asked: Asked, live: str, toast: Toast | None = None) -> Loaded:
        """One reading of a screen and its frame, in one snapshot."""
        asked.actor.require(screen.right)
        answer = screen.load(asked)
        return Loaded(answer, shell_for(asked, screen.page, answer, live, toast))

    def _show(self, screen: Screen) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            secret, now = secret_of(request), self.parts.clock.now()
            toast = toast_of(request)
            place = request.url.path.removeprefix(self.renderer.base)
            live = f"{place}?{request.url.query}" if request.url.query else place

            def read(connection: Connection) -> Loaded:
                session = signed_in(connection, secret, now)
                asked = Asked(
                    connection,
                    session.actor,
                    now,
                    self.parts,
                    request.path_params,
                    dict(request.query_params),
                    session.csrf,
                    self.live.here(place),
                )
                return self.load(screen, asked, live, toast)

            loaded = await self.parts.database.read_async(read)
            if isinstance(loaded.answer.view, Response):
                return loaded.answer.view
            response = html(await self._written(screen.template, loaded.answer.view, loaded.shell, **screen.more))
            if toast:
                response.delete_cookie(TOAST, path=self.renderer.base or "/")
            return response

        return show

    async def _written(self, template: str, view: object, shell: Shell, **more: Any) -> str:
        """The page's text. Written beside the event loop: a long one takes a tenth of a second, and alerts come in."""
        return await asyncio.to_thread(self.renderer.page, template, view, shell, **more)

    def _ask(self, form: Form) -> Callable[[Request], Awaitable[Response]]:
        async def ask(request: Request) -> Response:
            return await self._form_page(request, form)

        return ask

    async def _form_page(
        self, request: Request, form: Form, given: FormData | None = None, error: TocsinError | None = None
    ) -> Response:
        secret, now = secret_of(request), self.parts.clock.now()
        bare = request.headers.get("x-dialog") == "1"

        def read(connection: Connection) -> tuple[FormView, Shell]:
            session = signed_in(connection, secret, now)
            session.actor.require(form.right)
            asked = Asked(
                connection,
                session.actor,
                now,
                self.parts,
                request.path_params,
                dict(request.query_params),
                session.csrf,
            )
            assert form.show is not None
            _check_known(asked)
            view = form.with_given(form.show(asked), given, error)
            shell = shell_for(asked, form.page, Answer(view, live=False), "")
            return view, shell

        view, shell = await self.parts.database.read_async(read)
        template = "parts/form.html" if bare else "form.html"
        return html(self.renderer.page(template, view, shell), 422 if error else 200)

    def _post(self, form: Form) -> Callable[[Request], Awaitable[Response]]:
        async def post(request: Request) -> Response:
            secret = secret_of(request)
            async with request.form(max_files=1, max_part_size=form.largest) as given:
                files = await form.read_files(given)

                def write(connection: Connection, now: datetime) -> Sent:
                    session = signed_in(connection, secret, now)
                    check_csrf(session, given)
                    session.actor.require(form.right)
                    asked = Asked(
                        connection,
                        session.actor,
                        now,
                        self.parts,
                        request.path_params,
                        dict(request.query_params),
                        session.csrf,
                    )
                    _check_known(asked)
                    return form.carry_out(asked, given, files)

                try:
                    sent: Sent = await self.parts.database.write_async(write)
                except (Invalid, Conflict) as error:
                    if form.show:
                        return await self._form_page(request, form, given, error)
                    return self._back(request, error.message)
            if sent.told is not None:
                return await self._tell_once(request, sent.told, form.page)
            to = f"{self.renderer.base}{sent.to}"
            response = (
                Response(status_code=204, headers={"X-Go": to})  # a dialog's script goes there by itself
                if request.headers.get("x-dialog") == "1"
                else RedirectResponse(to, 303)
            )
            if sent.toast:
                self.cookies.toast(request, response, Toast(sent.toast, undo=sent.undo))
            return response

        return post

    async def _tell_once(self, request: Request, told: Told, page: str) -> Response:
        """A page that shows a secret or a result; it stands in no address and is not kept."""
        secret, now = secret_of(request), self.parts.clock.now()

        def read(connection: Connection) -> Shell:
            session = signed_in(connection, secret, now)
            asked = Asked(connection, session.actor, now, self.parts, csrf=session.csrf)
            return shell_for(asked, page, Answer(told, live=False), "")

        shell = await self.parts.database.read_async(read)
        return html(self.renderer.page(told.template, told, shell))

    def _back(self, request: Request, message: str) -> Response:
        """A refused button: to where it stood, with the reason on top."""
        came_from = request.headers.get("referer", "")
        origin = f"{request.url.scheme}://{request.url.netloc}"
        place = came_from.removeprefix(origin) if came_from.startswith(f"{origin}/") else f"{self.renderer.base}/"
        response = RedirectResponse(inside(place), 303)
        self.cookies.toast(request, response, Toast(message, bad=True))
        return response

    def _guarded(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            try:
                return await endpoint(request)
            except SignInNeeded:
                place = request.url.path.removeprefix(self.renderer.base)
                if request.method != "GET":
                    place = "/"
                return RedirectResponse(f"{self.renderer.base}/sign-in?next={quote(place)}", 303)
            except TocsinError as error:
                status, headline = next(
                    ((code, words) for kind, code, words in _STATUS if isinstance(error, kind)),
                    (500, "Something is wrong"),
                )
                return self.error_page(status, headline, error.message)
            except HTTPException as error:
                return self.error_page(error.status_code, "This could not be read", str(error.detail))
            except Exception:  # the last net: a person gets a number to quote instead of a blank page
                number = new_id()[-8:]
                _log.exception("the page %s failed (%s)", request.url.path, number)
                return self.error_page(
                    500, "Something broke here", f"Quote {number} when you report it; it stands in the server's log"
                )

        return guarded

    def error_page(self, status: int, headline: str, message: str) -> Response:
        """A page that stands alone: what happened and where to go on."""
        shell = Shell(now=self.parts.clock.now(), page="")
        return html(
            self.renderer.page("error.html", {"status": status, "headline": headline, "message": message}, shell),
            status,
        )


def build_web(parts: Parts) -> list[BaseRoute]:
    """The routes of the web face, for the composition root."""
    return Face(parts).routes()


def _check_known(asked: Asked) -> None:
    """NotFound for an incident that the actor may not know of, before a form of it is shown or carried out again."""
    if "number" in asked.path:
        incident_id_of(asked.connection, asked.actor, str(asked.path["number"]))


def _secured(route: BaseRoute) -> BaseRoute:
    if isinstance(route, Route):
        secret = "{token}" in route.path or "{secret}" in route.path
        route.app = SecureHeaders(route.app, secret_address=secret)
    return route
