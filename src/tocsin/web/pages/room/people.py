"""The first five minutes, the roles, the escalation: who must do what now."""

from typing import Literal

from tocsin.runbook.required_roles import required_roles
from tocsin.timeline.facts.incidents import role_word
from tocsin.web import format as say
from tocsin.web.pages.room.head import sources_steps
from tocsin.web.pages.room.sources import Sources
from tocsin.web.views.common import Action, Badge, Clock, Ref
from tocsin.web.views.room import FirstFive, FirstFiveStep, RoleRow, Roles
from tocsin.web.views.telling import Escalation, EscalationStep, Pageable


def first_five_block(sources: Sources) -> FirstFive | None:
    """The checklist, in the runbook's order, done ones first; None when the runbook has none."""
    incident, limit = sources.state.incident, sources.runbook.first_five.limit
    found, start = sources_steps(sources), sources.state.incident.clock_start
    if not found or start is None or limit is None:
        return None
    ordered = [*(step for step in found if step.done), *(step for step in found if not step.done)]
    steps, offered = [], False
    for step in ordered:
        if step.done:
            by = ", ".join(filter(None, (_who(step.by), say.time_of(step.at) if step.at else "")))
            took = say.duration(step.at - start) if step.at else ""
            steps.append(FirstFiveStep(step.title, "done", by, took))
            continue
        mark: Literal["next", ""] = "" if offered else "next"
        actions = _step_actions(sources, step.id, automatic=step.automatic) if not offered else ()
        offered = True
        steps.append(
            FirstFiveStep(
                step.title,
                mark,
                "",
                f"by {say.time_of(start + limit)}" if mark else "",
                (step.hint or "") if mark else "",
                actions,
            )
        )
    done, left = sum(step.done for step in found), [step for step in found if not step.done]
    clock = Clock("First five minutes", start + limit, "down", start=start)
    line = sources.chapter("first_five", "limit")
    what = "first page" if incident.first_paged_at else "declare"
    lede = f"{done} of {len(found)} done. Times count from the {what}, {say.time_of(start)}."
    if left:
        return FirstFive(tuple(steps), clock, lede, line)
    ended = max((step.at for step in found if step.at), default=start)
    spare = (start + limit) - ended
    words = f"{say.duration(spare)} to spare" if spare.total_seconds() >= 0 else f"{say.duration(-spare)} late"
    return FirstFive(tuple(steps), clock, lede, line, say.duration(ended - start), words)


def _who(by: str | None) -> str:
    return "automatic" if by in (None, "Tocsin", "") else str(by)


def _step_actions(sources: Sources, step: str, *, automatic: bool) -> tuple[Action, ...]:
    if not sources.may_change:
        return ()
    match step:
        case "flag":
            return (
                sources.action("A flag was turned…", "flag", style="primary"),
                sources.post("No flag helps", "flag", ("none_helps", "yes"), style="quiet"),
            )
        case "held":
            return (sources.action("Hold deploys…", "hold", style="primary", icon="snow"),)
        case "commander":
            return (
                sources.post(
                    "Take command", "role", ("role", "commander"), ("person", sources.person_id), style="primary"
                ),
                sources.action("Give it…", "role", "role=commander"),
            )
        case "acknowledged" | "paged":
            return (sources.action("Page someone…", "page", style="primary", icon="phone"),)
    return () if automatic else (sources.post("Done", "tick", ("step", step), style="primary"),)


def roles_block(sources: Sources) -> Roles:
    """Required and empty ones on top, loud, with the person to page already named."""
    state, names = sources.state, sources.names
    incident = state.incident
    needed = required_roles(state, sources.runbook)
    rows = [
        _empty_row(sources, need.role, need.title, need.duty, need.empty_since) for need in needed if need.empty_since
    ]
    for key, holder in incident.roles.items():
        stem, _, service = key.partition(":")
        role = sources.runbook.roles.get(stem)
        title = (role.title if role else role_word(key)) + (f" for {service}" if service and role else "")
        offer = incident.offers.get(key)
        badge = Badge(f"Offered to {names.person(offer.to).first}", "info", "swap") if offer else None
        actions: tuple[Action, ...] = ()
        if offer and offer.to == sources.person_id and sources.may_change:
            actions = (
                sources.post("Accept", "accept", ("role", key), style="primary"),
                sources.post("Decline", "decline", ("role", key), style="quiet"),
            )
        elif sources.may_change and holder.person == sources.person_id:
            actions = (sources.action("Hand over…", "handover", f"role={key}", style="quiet"),)
        note = f"since {say.moment(holder.since, sources.now)}"
        rows.append(RoleRow(title, note, names.person(holder.person), badge=badge, actions=actions))
    actions = ()
    if sources.may_change:
        commands = incident.roles.get("commander")
        hand = (sources.action("Hand over command", "handover", "role=commander", style="quiet"),) if commands else ()
        actions = (
            *(hand or (sources.action("Give a role", "role", style="quiet"),)),
            *((sources.action("Add role", "role", style="quiet", icon="plus"),) if hand else ()),
            sources.action("Name a deputy", "deputy", style="quiet"),
        )
    return Roles(tuple(rows), sources.ref("roles", "commander"), _suggestions(sources), actions)


def _empty_row(sources: Sources, key: str, title: str, duty: str, since: object) -> RoleRow:
    from datetime import datetime

    candidate = sources.candidates.get(key)
    paged = [
        view for view in sources.state.paging.pages.values() if view.role == key and view.state == "open" and view.paged
    ]
    actions: tuple[Action, ...] = ()
    if sources.may_change:
        page = (
            sources.post(
                f"Page {candidate.name}",
                "page",
                ("to", f"person:{candidate.person_id}"),
                ("role", key),
                ("text", f"Take {title} in INC-{sources.state.incident.number}"),
                style="crit",
                icon="phone",
            )
            if candidate
            else sources.action("Page someone…", "page", f"role={key}", style="crit", icon="phone")
        )
        take = sources.post("Take it", "role", ("role", key), ("person", sources.person_id))
        actions = (take, page) if sources.person_id else (page,)
    if paged:
        who = sources.names.of(paged[-1].paged[-1])
        note = f"{who} paged {say.time_of(paged[-1].opened_at)}, no answer yet."
    elif isinstance(since, datetime):
        note = f"Empty since {say.moment(since, sources.now)}. {duty if not candidate else candidate.note}".strip()
    else:
        note = duty
    return RoleRow(title, note, shout=True, actions=actions)


def _suggestions(sources: Sources) -> tuple[tuple[str, str, str, Ref], ...]:
    found = []
    impact = sources.impact_started_at
    before = [change for change in sources.changes if impact and change.happened_at <= impact]
    if before and not sources.state.mitigation.decisions:
        top = max(before, key=lambda change: change.score)
        assert impact is not None
        found.append(
            (
                "undo",
                f"{_kind_words(top.kind)} {say.duration(impact - top.happened_at)} before impact",
                f"{top.service} {top.version or top.summary}. Rolling back is the usual first move.",
                sources.ref("actions", "roll-back"),
            )
        )
    for question in sources.runbook.questions.items():
        key, asked = question
        if key not in sources.state.comms.answers and key == "data_or_auth":
            found.append(("shield", asked.ask, "If yes, security and legal are paged.", sources.ref("questions", key)))
    return tuple(found)


def _kind_words(kind: str) -> str:
    return {
        "deploy": "A deploy went out",
        "flag": "A flag was turned",
        "config": "A setting was changed",
        "migration": "A migration ran",
        "rollback": "A rollback ran",
    }.get(kind, "Something was changed")


def escalation_block(sources: Sources) -> Escalation:
    """Questions answered once, teams called in, vendors engaged."""
    comms, names, now = sources.state.comms, sources.names, sources.now
    steps: list[EscalationStep] = []
    open_before = False
    for key, question in sources.runbook.questions.items():
        answer = comms.answers.get(key)
        if answer:
            note = f"{answer.by}. {answer.note or ''}".strip()
            steps.append(EscalationStep(question.ask, "Yes" if answer.answer else "No", answer.at, note, "done"))
            continue
        actions: tuple[Action, ...] = ()
        if sources.may_change:
            actions = (
                sources.post("No", "answer", ("question", key), ("answer", "no"), style="primary"),
                sources.post("Yes", "answer", ("question", key), ("answer", "yes")),
            )
        steps.append(EscalationStep(question.ask, state="" if open_before else "next", actions=actions))
        open_before = True
    steps += [
        EscalationStep(f"{names.of(team.team)} called in", at=team.at, note=f"{team.by}. {team.why}", state="done")
        for team in comms.teams.values()
    ]
    for vendor in comms.vendors.values():
        waiting = vendor.state == "waiting"
        actions = ()
        if sources.may_change and vendor.state != "ended":
            actions = (sources.action("Note its answer…", "vendor-note", f"engagement={vendor.engagement_id}"),)
        clock = (
            Clock("Answer due", vendor.respond_by, "down", start=vendor.opened_at)
            if vendor.respond_by and waiting
            else None
        )
        reference = f"Reference {vendor.reference}. " if vendor.reference else ""
        note = f"{reference}{vendor.notes[-1] if vendor.notes else 'No answer yet.'}"
        steps.append(
            EscalationStep(
                f"Vendor {names.of(vendor.vendor)}",
                vendor.state.capitalize(),
                None if clock else vendor.opened_at,
                note,
                "next" if waiting else "done",
                actions,
                clock,
            )
        )
    actions = ()
    if sources.may_change:
        actions = (
            sources.action("Call in a team", "escalate", icon="people"),
            sources.action("Engage a vendor", "vendor", icon="out"),
        )
    del now
    line = sources.ref("questions", "data_or_auth")
    pageable = tuple(Pageable(each.name, each.note, initials=say.initials(each.name)) for each in sources.pageable[:6])
    return Escalation(tuple(steps), Ref(line.line.partition(".")[0]), pageable, actions)
