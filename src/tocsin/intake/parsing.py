"""What an integration's body holds: read by rules of its own, or by its sender's parser. Pure."""

from tocsin.errors import Invalid
from tocsin.intake.senders import sender_named, senders
from tocsin.intake.signal import IntegrationRef, Parsed, Unreadable


def parse(integration: IntegrationRef, body: bytes) -> Parsed:
    """The signals of a body. Unreadable when it can't be read at all, and nothing else."""
    sender = sender_named(integration.sender)
    if sender.rules is not None and integration.mapping:
        return sender.rules.parse(integration.mapping, body)
    if sender.rules is not None and sender.rules.needed:
        raise Unreadable("mapping", "this integration has none yet; give it one, then replay what was set aside")
    return sender.parse(body)


def check_rules(sender: str, text: str) -> None:
    """See that an integration of this sender may have these rules. Invalid names each mistake."""
    rules = sender_named(sender).rules
    if rules is None:
        those = ", ".join(f"'{each.name}'" for each in senders().values() if each.rules is not None)
        raise Invalid(f"{sender} has a parser of its own; only the senders {those} take a mapping", "mapping")
    rules.check(text)
