"""Where the services by which pages leave call back: `/callbacks/SERVICE/…`. Who calls must prove to be the service."""

from starlette.routing import Route

from tocsin.paging.routes import canary, mattermost, slack, telegram, twilio
from tocsin.paging.services import Services
from tocsin.store.database import Database


def routes(database: Database, services: Services) -> list[Route]:
    """The canary's, and the callbacks of each service that is set up; the others' addresses lead nowhere."""
    found: list[Route] = canary.routes(database)
    if services.public_url is None:
        return found
    if services.twilio:
        found += twilio.routes(database, services.twilio, services.public_url)
    if services.slack:
        found += slack.routes(database, services.slack)
    if services.telegram:
        found += telegram.routes(database, services.telegram)
    if services.mattermost:
        found += mattermost.routes(database)
    return found
