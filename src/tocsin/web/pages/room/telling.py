"""Where we are, the composer, the blast radius: what others are told and who is hit."""

from typing import Literal

from tocsin.triage.blast_radius import blast_radius
from tocsin.web import format as say
from tocsin.web.pages.room.sources import Sources
from tocsin.web.views.common import Action, Choice
from tocsin.web.views.room import Situation
from tocsin.web.views.telling import Blast, Comms, GraphNode, Proposal

STATE_WORDS = (
    ("investigating", "Looking into it"),
    ("identified", "Cause found"),
    ("monitoring", "Watching a fix"),
    ("resolved", "Fixed"),
)
_COLUMNS = {"caller": (2.0, 142.0), "origin": (208.0, 142.0), "callee": (412.0, 154.0)}
_ROW = 60.0


def situation_block(sources: Sources) -> Situation | None:
    """The newest internal update; None before the first."""
    last = sources.state.comms.last("internal")
    return Situation(last.by, last.at, last.known, last.doing, last.next) if last else None


def comms_block(sources: Sources) -> Comms | None:
    """The composer for one audience, and what waits for approval."""
    state = sources.state
    audience = "external" if sources.audience == "external" else "internal"
    last = state.comms.last(audience)  # type: ignore[arg-type]
    may = sources.may_change and state.incident.is_open
    proposals = tuple(
        Proposal(
            update.update_id,
            update.by,
            update.at,
            update.known,
            update.doing,
            update.next,
            sources.may_change,
            _lone(sources, update.by),
        )
        for update in state.comms.proposed.values()
    )
    if not may and not proposals:
        return None
    approval = sources.runbook.approvals.external_update
    asks = audience == "external" and approval is not None and state.incident.severity in approval.severities
    clock = getattr(sources.runbook.clocks, f"{audience}_update")
    every = clock.every.get(state.incident.severity) if clock else None
    parts = tuple(
        Choice(service.id, service.public_name, chosen=service.id in state.triage.services)
        for service in sources.services.values()
        if service.public_name
    )
    states = tuple(Choice(value, label, chosen=bool(last and last.status == value)) for value, label in STATE_WORDS)
    sent = sum(update.audience == audience for update in state.comms.updates)
    known = last.known if last and audience == "internal" else ""
    doing = last.doing if last and audience == "internal" else ""
    coming = last.next if last and audience == "internal" else ""
    return Comms(
        audience,  # type: ignore[arg-type]
        sources.chapter("clocks", "internal_update"),
        sources.ref("approvals", "external_update"),
        known,
        doing,
        coming,
        f"{int(every.total_seconds() // 60)}m" if every else "",
        states,
        parts,
        "Ask for approval" if asks else ("Publish" if audience == "external" else "Post update"),
        proposals,
        sources.wording if audience == "external" else (),
        say.figure(sent, "sent", "sent") if sent else "",
        may,
    )


def _lone(sources: Sources, author: str) -> bool:
    return bool(sources.person_id) and sources.names.of(sources.person_id) == author


def blast_block(sources: Sources) -> Blast | None:
    """The failing services, who calls them and what they call, from the catalog."""
    triage = sources.state.triage
    depends = {service.id: service.depends_on for service in sources.services.values()}
    radius = blast_radius(triage.services, depends, reach=1)
    actions: tuple[Action, ...] = ()
    if sources.may_change:
        actions = (sources.action("Edit", "impact", style="quiet"),)
    customers = triage.customers or ""
    line = sources.ref("gates", "triage", "needs")
    if not radius.services:
        return Blast((), (), 0, "", "", line, customers, actions) if sources.may_change else None
    columns = {"caller": radius.callers[:6], "origin": radius.origins[:6], "callee": radius.callees[:6]}
    tallest = max(len(column) for column in columns.values())
    height = tallest * _ROW + 24
    nodes: dict[str, GraphNode] = {}
    for side, members in columns.items():
        x, width = _COLUMNS[side]
        top = 12 + (tallest - len(members)) * _ROW / 2
        for index, member in enumerate(members):
            card = sources.services.get(member.service)
            name = card.name if card else member.service
            note = {"origin": "failing", "caller": "calls it", "callee": "it needs this"}[side]
            look: Literal["fail", "warn", "ok"] = "fail" if side == "origin" else ("warn" if side == "caller" else "ok")
            nodes[member.service] = GraphNode(
                _short(name), note, look, x, top + index * _ROW, width, side == "origin" and index == 0
            )
    edges = tuple(
        (
            nodes[a].x + nodes[a].width,
            nodes[a].y + 21,
            nodes[b].x,
            nodes[b].y + 21,
            b in triage.services or a in triage.services,
        )
        for a, b in radius.edges
        if a in nodes and b in nodes and nodes[a].x < nodes[b].x
    )
    hit = len(radius.origins) + len(radius.callers)
    words = f"{say.listed(node.name for node in nodes.values() if node.state == 'fail')} failing"
    count = f"{hit} of {len(sources.services)} services" if sources.services else say.figure(hit, "service")
    return Blast(
        tuple(nodes.values()),
        edges,
        height,
        count,
        f"{words}, {len(radius.callers)} call it.",
        line,
        customers,
        actions,
    )


def _short(name: str) -> str:
    return name if len(name) <= 15 else f"{name[:14]}…"
