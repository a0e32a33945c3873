"""/p/TOKEN: a page on a phone. Opening the link changes nothing; only its buttons do."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tocsin.alerts.usecases import ResolveGroup, resolve_group
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound, TocsinError
from tocsin.identity.actor import Actor
from tocsin.incidents.decide import Declare
from tocsin.incidents.usecases import declare
from tocsin.paging import usecases as paging
from tocsin.paging.queries import PageView
from tocsin.paging.queries.live import open_link
from tocsin.parts import Parts
from tocsin.web.pages.phone import phone_page
from tocsin.web.rendering import Renderer, html
from tocsin.web.views.common import Shell
from tocsin.web.views.phone import PhonePage


def routes(parts: Parts, renderer: Renderer) -> list[BaseRoute]:
    """GET and POST /p/{token}."""
    link = Linked(parts, renderer)
    return [Route("/p/{token}", link.show, methods=["GET"]), Route("/p/{token}", link.act, methods=["POST"])]


class Linked:
    """A signed link is bound to page and person, and good until the page has ended."""

    def __init__(self, parts: Parts, renderer: Renderer) -> None:
        self._parts = parts
        self._renderer = renderer

    async def show(self, request: Request) -> Response:
        """The page as it stands."""
        return await self._page(request.path_params["token"])

    async def act(self, request: Request) -> Response:
        """Acknowledge, pass on, declare, or say that it is no incident."""
        token = request.path_params["token"]
        async with request.form() as form:
            what, severity = str(form.get("do", "")), str(form.get("severity", ""))

        def write(connection: Connection, now: datetime) -> str:
            opened = open_link(connection, token)
            if opened.actor is None:
                raise Conflict("this page is over, or this link is nobody's; sign in to act")
            return carry_out(connection, opened.actor, opened.page, what, severity, now)

        shortly = "application/json" in request.headers.get("accept", "")
        try:
            place = await self._parts.database.write_async(write)
        except (Conflict, Invalid, Forbidden) as error:
            return await self._page(token, error.message, shortly=shortly)
        except NotFound as error:
            return self._gone(error, shortly=shortly)
        if shortly:
            return await self._page(token, shortly=True)
        return RedirectResponse(f"{self._renderer.base}{place or f'/p/{token}'}", 303)

    async def _page(self, token: str, refused: str = "", *, shortly: bool = False) -> Response:
        """`shortly`: in the two sentences of a notification."""
        now = self._parts.clock.now()

        def read(connection: Connection) -> PhonePage:
            opened = open_link(connection, token)
            return phone_page(
                connection,
                opened.page,
                opened.next_people,
                opened.person_id or "",
                opened.person_name,
                f"/p/{token}",
                now,
                refused=refused,
                may_act=opened.actor is not None,
            )

        try:
            view = await self._parts.database.read_async(read)
        except TocsinError as error:
            return self._gone(error, shortly=shortly)
        if shortly:
            return JSONResponse(in_short(view), 409 if refused else 200)
        template = "phone/ack.html" if view.state == "open" else "phone/done.html"
        return html(self._renderer.page(template, view, Shell(now=now, page="")), 409 if refused else 200)

    def _gone(self, error: TocsinError, *, shortly: bool = False) -> Response:
        if shortly:
            return JSONResponse({"state": "gone", "title": "This page is no more", "text": error.message}, 404)
        shell = Shell(now=self._parts.clock.now(), page="")
        view = {"status": 404, "headline": "This link leads nowhere", "message": error.message}
        return html(self._renderer.page("error.html", view, shell), 404)


def in_short(view: PhonePage) -> dict[str, str]:
    """How the page stands, as a notification says it."""
    match view.state:
        case "yours":
            title, text = "You have it", f"{view.title}. {view.next_words}"
        case "theirs":
            title, text = f"{view.holder} has it", f"{view.title}. You need not acknowledge it."
        case "ended":
            title, text = "It is over", f"{view.title}. {view.ended_why}"
        case _:
            title, text = "Nobody has it yet", view.title
    return {"state": view.state, "title": title, "text": " ".join(filter(None, (view.refused, text)))}


def carry_out(connection: Connection, actor: Actor, page: PageView, what: str, severity: str, now: datetime) -> str:
    """What a button of the phone's page does; the path to go to, '' for the page itself."""
    match what:
        case "acknowledge":
            paging.acknowledge_as_told(connection, actor, page.id, now, via="link")
        case "decline":
            paging.decline_page(connection, actor, page.id, now, reason="declined from the phone")
        case "pass":
            paging.pass_on_as_told(connection, actor, page.id, now, reason="passed on from the phone")
        case "declare" if page.group_id and severity in ("1", "2", "3"):
            new = Declare(
                title=page.title,
                severity=int(severity),
                services=page.services,
                group_ids=(page.group_id,),
                restricted=page.restricted,
                practice=page.practice,
            )
            # the link may declare from its own group, and from no other
            declare(connection, replace(actor, scopes=None), new, now)
        case "over" if page.group_id:
            command = ResolveGroup(page.group_id, "called over from the phone")
            resolve_group(connection, replace(actor, scopes=None), command, now)
        case "not-an-incident":
            paging.note_on_page(connection, actor, page.id, "Looked at it: not an incident.", now)
        case _:
            raise Invalid("this button is not known; load the page again")
    return ""
