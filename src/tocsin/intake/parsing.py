"""What an integration's body holds: read by its mapping, or by its sender's own parser. Pure."""

from tocsin.intake.mapping import parse_by
from tocsin.intake.senders import MAPPED, sender_named
from tocsin.intake.signal import IntegrationRef, Parsed, Unreadable


def parse(integration: IntegrationRef, body: bytes) -> Parsed:
    """The signals of a body. Unreadable when it can't be read at all, and nothing else."""
    if integration.sender == MAPPED:
        if not integration.mapping:
            raise Unreadable("mapping", "this integration has none yet; give it one, then replay what was set aside")
        return parse_by(integration.mapping, body)
    return sender_named(integration.sender).parse(body)
