"""What the API needs of the running installation; `app.py` hands it over."""

from typing import Protocol

from tocsin.settings import Settings
from tocsin.store.database import Database


class ApiParts(Protocol):
    """The installation's running parts, as far as this face needs them."""

    @property
    def database(self) -> Database:
        """The open database."""
        ...

    @property
    def settings(self) -> Settings:
        """The settings, for the URL that links begin with."""
        ...
