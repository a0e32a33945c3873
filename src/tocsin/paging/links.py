"""Signed links `/p/TOKEN`: one person and one page, good until the page has ended. Pure.

A link holds nothing but the two ids and a signature by the installation's key, so it needs no row and can't be guessed;
it may be opened as often as one likes, and opening it changes nothing.
"""

import base64
import binascii
from dataclasses import dataclass

from tocsin.errors import NotFound
from tocsin.identity.keys import Keys

PURPOSE = "page link"


@dataclass(frozen=True)
class Link:
    """Which page, for whom; nobody: the link that the server printed when nobody was to be paged."""

    page_id: str
    person_id: str | None


def make_token(keys: Keys, page_id: str, person_id: str | None) -> str:
    """The token of a link; always the same for the same page and person under the same key."""
    payload = base64.urlsafe_b64encode(f"{page_id} {person_id or ''}".encode()).decode().rstrip("=")
    return f"{payload}.{keys.sign(PURPOSE, payload)}"


def read_token(keys: Keys, token: str) -> Link:
    """What a token stands for; NotFound for one that this installation did not make."""
    payload, _, signature = token.partition(".")
    if not keys.verifies(PURPOSE, payload, signature):
        raise NotFound("this link is not good; open the newest message, or sign in")
    try:
        page_id, _, person = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode().partition(" ")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NotFound("this link is not good; open the newest message, or sign in") from error
    return Link(page_id, person or None)


def token_in(link: str) -> str:
    """The token of a link that `link` made."""
    return link.rpartition("/")[2]


def reply_code(keys: Keys, page_id: str, person_id: str | None) -> str:
    """Four digits by which the person names the page in a text; always the same for the same page and person."""
    return str(int(keys.sign("reply code", f"{page_id} {person_id or ''}").rpartition(".")[2][:12], 16) % 9000 + 1000)


def link(public_url: str, keys: Keys, page_id: str, person_id: str | None) -> str:
    """The whole address."""
    return f"{public_url.rstrip('/')}/p/{make_token(keys, page_id, person_id)}"
