"""Any JSON, by a mapping that its team writes for the integration: see `intake/mapping.py`."""

from tocsin.intake.mapping import FIRST_MAPPING, parse_by, read_mapping
from tocsin.intake.senders import MAPPED, Rules, Sender
from tocsin.intake.signal import Parsed


def parse(body: bytes) -> Parsed:
    """By the mapping that a new integration's form begins with."""
    return parse_by(FIRST_MAPPING, body)


SENDER = Sender(
    name=MAPPED,
    title="Any JSON, by a mapping",
    parse=parse,
    rules=Rules(
        FIRST_MAPPING,
        read_mapping,
        parse_by,
        "a JMESPath expression for dedup_key, title and what else there is",
        needed=True,
    ),
    example='{"id": "checkout-errors", "message": "Card payments are failing", "level": "critical", "state": "bad"}',
)
