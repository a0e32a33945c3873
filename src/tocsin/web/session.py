"""Who the browser is: a cookie into a session, a form's CSRF token against it. Only translation; identity decides."""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from tocsin.errors import Forbidden, SignInNeeded
from tocsin.identity.sessions import SESSION_LIFE, Session, session_of
from tocsin.web.views.common import Action, Toast

COOKIE = "tocsin_session"
TOAST = "tocsin_toast"
_TOAST_SECONDS = 15


@dataclass(frozen=True)
class Cookies:
    """How this installation sets its cookies: only below its base path, only by https where it is reached so.

    `secure`: its public address is https, also where a proxy speaks plain HTTP to us.
    """

    base: str
    secure: bool = False

    def sign_in(self, request: Request, response: Response, secret: str) -> None:
        """Keep the session's secret in the browser."""
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(SESSION_LIFE.total_seconds()),
            path=self.base or "/",
            httponly=True,
            samesite="lax",
            secure=self.secure or request.url.scheme == "https",
        )

    def sign_out(self, response: Response) -> None:
        """Forget it."""
        response.delete_cookie(COOKIE, path=self.base or "/")

    def toast(self, request: Request, response: Response, toast: Toast) -> None:
        """What the next page confirms once."""
        undo = [toast.undo.href, toast.undo.fields] if toast.undo else None
        response.set_cookie(
            TOAST,
            quote(json.dumps([toast.text[:300], toast.bad, undo])),
            max_age=_TOAST_SECONDS,
            path=self.base or "/",
            httponly=True,
            samesite="lax",
            secure=self.secure or request.url.scheme == "https",
        )


def inside(place: str) -> str:
    """A path of ours to go on to after signing in; '/' for anything that leads elsewhere."""
    parts = urlsplit(place)
    if parts.scheme or parts.netloc or not place.startswith("/") or place.startswith(("//", "/\\")) or "\\" in place:
        return "/"
    return place


def toast_of(request: Request) -> Toast | None:
    """What this page confirms; None without it or where the cookie is not ours."""
    try:
        text, bad, undo = json.loads(unquote(request.cookies.get(TOAST, "")))
        fields = tuple((str(name), str(value)) for name, value in undo[1]) if undo else ()
        return Toast(
            str(text), bool(bad), Action("Undo", inside(str(undo[0])), post=True, fields=fields) if undo else None
        )
    except (ValueError, TypeError, IndexError):
        return None


def secret_of(request: Request) -> str:
    """The cookie's secret, '' without one."""
    return request.cookies.get(COOKIE, "")


def signed_in(connection: Connection, secret: str, now: datetime) -> Session:
    """The session of the cookie; SignInNeeded when there is none (any more)."""
    session = session_of(connection, secret, now) if secret else None
    if session is None:
        raise SignInNeeded("sign in to see this")
    return session


def check_csrf(session: Session, form: FormData) -> None:
    """Refuse a form that this session's pages did not carry."""
    given = form.get("csrf")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise Forbidden(
            "this form is too old or came from elsewhere; go back, load the page again and send it once more"
        )
