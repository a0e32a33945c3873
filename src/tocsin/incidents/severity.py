"""How bad it is: raised at once, lowered with a reason."""

from tocsin.errors import Invalid
from tocsin.incidents.wording import optional_text
from tocsin.timeline.facts.incidents import SeverityChanged
from tocsin.timeline.state import IncidentState

SEVERITIES = (1, 2, 3)


def severity_of(value: int) -> int:
    """1, 2 or 3; Invalid for anything else."""
    if value not in SEVERITIES:
        raise Invalid(f"severity is {value}; it is 1, 2 or 3", "severity")
    return value


def change_severity(state: IncidentState, severity: int, reason: str | None) -> list[SeverityChanged]:
    """Sev1 is the worst, so a higher number lowers. The same severity again changes nothing."""
    current = state.incident.severity
    if severity_of(severity) == current:
        return []
    why = optional_text(reason, "reason")
    if severity > current and why is None:
        raise Invalid(f"lowering from Sev{current} to Sev{severity} needs a reason", "reason")
    return [SeverityChanged(severity=severity, previous=current, reason=why)]
