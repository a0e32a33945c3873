"""Static files under names that carry their content's hash, so that browsers may keep them for ever."""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_ROOT = Path(__file__).parent / "static"
_URL = re.compile(rb'url\("([^"]+)"\)')
_COMPRESSED = frozenset({".css", ".js", ".svg", ".txt"})


@dataclass(frozen=True)
class Asset:
    """One file as it is served. `packed` is its gzip, where that is worth it."""

    name: str
    media_type: str
    content: bytes
    packed: bytes | None


@lru_cache(maxsize=1)
def _assets() -> tuple[dict[str, str], dict[str, Asset]]:
    """Hashed names by plain name, and files by hashed name. Style sheets last: they name other files."""
    names: dict[str, str] = {}
    files: dict[str, Asset] = {}
    found = (path for path in _ROOT.rglob("*") if path.is_file())
    for path in sorted(found, key=lambda path: (path.suffix == ".css", str(path))):
        plain = path.relative_to(_ROOT).as_posix()
        content = path.read_bytes()
        if path.suffix == ".css":
            content = _URL.sub(lambda match: b'url("' + names[match[1].decode()].encode() + b'")', content)
        digest = hashlib.sha256(content).hexdigest()[:12]
        hashed = f"{path.stem}.{digest}{path.suffix}"
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        packed = gzip.compress(content, mtime=0) if path.suffix in _COMPRESSED else None
        names[plain] = hashed
        files[hashed] = Asset(hashed, media_type, content, packed)
    return names, files


def asset_name(plain: str) -> str:
    """The served name of a file in `static/` ('app.css' -> 'app.0a1b….css'). KeyError if there is none."""
    return _assets()[0][plain]


def asset_text(plain: str) -> str:
    """A file's text, for pages that must stand alone."""
    return _assets()[1][asset_name(plain)].content.decode()


async def serve_asset(request: Request) -> Response:
    """GET /static/{name}: immutable, since another content has another name."""
    asset = _assets()[1].get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(asset.content, media_type=asset.media_type, headers=headers)
