"""Puts the room's blocks together. Pure: sources in, view model out."""

from tocsin.timeline.facts.incidents import OPEN_PHASES
from tocsin.web import format as say
from tocsin.web.pages.room import criteria, head, people, telling, work
from tocsin.web.pages.room.log import entry_views, folded
from tocsin.web.pages.room.sources import Sources
from tocsin.web.views.room import Room


def build_room(sources: Sources, fresh_after: int = -1) -> Room:
    """The whole room as it stands at `sources.now`."""
    state = sources.state
    incident = state.incident
    assert incident.declared_at is not None
    views = entry_views(sources.entries, sources.names, incident.declared_at, fresh_after=fresh_after)
    return Room(
        id=incident.id,
        number=incident.number,
        title=incident.title,
        severity=incident.severity,
        seq=state.seq,
        is_open=incident.phase in OPEN_PHASES,
        clocks=head.clock_row(sources),
        rail=head.rail(sources),
        entries=folded(views),
        entry_count=len(views),
        badges=head.badges(sources),
        here=tuple(sources.names.person(person) for person in sources.here),
        tools=head.tools(sources),
        menu=head.menu(sources),
        notices=_notices(sources),
        may_change=sources.may_change,
        first_five=people.first_five_block(sources),
        situation=telling.situation_block(sources),
        criteria=criteria.criteria_block(sources),
        roles=people.roles_block(sources),
        suspects=work.suspects_block(sources),
        decisions=work.decision_rows(sources),
        decisions_ref=sources.ref("clocks", "decision_result"),
        comms=telling.comms_block(sources),
        blast=telling.blast_block(sources),
        escalation=people.escalation_block(sources),
        evidence=work.evidence_block(sources),
        followups=work.followups_block(sources),
    )


def _notices(sources: Sources) -> tuple[tuple[str, str, str], ...]:
    state = sources.state
    incident = state.incident
    found = [
        ("warn", f"{each.by} overrode the gate to {each.gate} at {say.time_of(each.at)}.", each.reason)
        for each in state.recovery.overrides
    ]
    if incident.practice:
        found.append(("info", "This is practice.", "Nothing is sent outside."))
    if incident.merged_into:
        found.append(("info", f"Merged into INC-{incident.merged_into}.", "Nothing more is added here."))
    if incident.failed_rules:
        rules = say.listed(dict.fromkeys(incident.failed_rules))
        found.append(("warn", f"Rule {rules} could not be evaluated.", "What it would have done must be done by hand."))
    if state.recovery.regressions and incident.is_open:
        at = say.time_of(state.recovery.regressions[-1])
        found.append(("warn", f"A regression was found at {at}.", "The incident went back to mitigating."))
    return tuple(found)
