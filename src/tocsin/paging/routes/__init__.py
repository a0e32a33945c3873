"""Where the services by which pages leave call back: `/callbacks/SERVICE/…`. Who calls must prove to be the service."""

from starlette.routing import Route

from tocsin.paging.routes import twilio
from tocsin.paging.services import Services
from tocsin.store.database import Database


def routes(database: Database, services: Services) -> list[Route]:
    """The callbacks of each service that is set up; the others' addresses lead nowhere."""
    found: list[Route] = []
    if services.twilio and services.public_url:
        found += twilio.routes(database, services.twilio, services.public_url)
    return found
