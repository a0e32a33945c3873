"""Other products' APIs, spoken to the letter, so that their clients need a new host and nothing else.

Bare Starlette, as intake's own routes: an alert that comes this way takes the same hot path.
"""

from starlette.routing import Route

from tocsin.api.foreign import addresses, opsgenie, pagerduty
from tocsin.api.foreign.reception import Reception
from tocsin.intake.routes import Known
from tocsin.intake.writer import Writer
from tocsin.store.database import Database


def routes(database: Database, known: Known, writer: Writer, limit: int) -> list[Route]:
    """PagerDuty's Events API at `/v2/enqueue` and `/v2/change/enqueue`, Opsgenie's below `/v2/alerts`, and old addresses.

    `limit`: the largest body, in bytes.
    """
    reception = Reception(database, known, writer, limit)
    return [*pagerduty.routes(reception), *opsgenie.routes(reception), *addresses.routes(reception)]
