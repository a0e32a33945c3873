"""Turns a view model and a template into a page, or into one of the page's live fragments."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from tocsin.web import charts
from tocsin.web import format as say
from tocsin.web.assets import asset_name
from tocsin.web.views.common import Shell

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Renderer:
    """The templates of one installation. `base` is the path before every URL ('' or '/tocsin')."""

    environment: Environment
    base: str

    @classmethod
    def at(cls, base: str) -> "Renderer":
        """A renderer for an installation below `base`."""
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            auto_reload=False,
        )
        environment.globals.update(
            base=base, asset=lambda name: f"{base}/static/{asset_name(name)}", say=say, charts=charts, zip=zip
        )
        environment.filters.update(listed=say.listed)
        return cls(environment, base)

    def page(self, template: str, view: object, shell: Shell, **more: Any) -> str:
        """The whole page."""
        return self.environment.get_template(template).render(self._context(view, shell, more))

    def fragment(self, partial: str, view: object, shell: Shell, **more: Any) -> str:
        """One live part of a page: a partial with one root element that has an id."""
        return self.environment.get_template(partial).render(self._context(view, shell, more)).strip()

    def _context(self, view: object, shell: Shell, more: Mapping[str, Any]) -> dict[str, Any]:
        return {"view": view, "shell": shell, "now": shell.now, **more}


def html(text: str, status: int = 200) -> HTMLResponse:
    """A page as an answer."""
    return HTMLResponse(text, status_code=status)
