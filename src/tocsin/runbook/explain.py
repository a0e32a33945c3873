"""A runbook in plain sentences: what happens when, and what Tocsin does about each line of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tocsin.runbook.durations import say_duration, say_span
from tocsin.runbook.explain_rules import and_list, effect_sentence, rule_moment
from tocsin.runbook.findings import RunbookError
from tocsin.runbook.model import Gate, ReminderClock, Runbook, UpdateClock
from tocsin.runbook.parts import SEVERITIES
from tocsin.runbook.reading import Reading, read

Mode = Literal["enforced", "asked", "recorded", "people"]

PHASE_WORDS = {
    "declared": "being declared",
    "triage": "triage",
    "mitigating": "mitigation",
    "restoring": "restoring",
    "watching": "the watch",
    "resolved": "resolved",
    "review": "the review",
    "closed": "closed",
}
NEED_WORDS = {
    "severity_set": "a severity is set",
    "mitigation_started": "a first mitigating action has begun",
    "criteria_pass": "all recovery criteria pass together",
    "decisions_closed": "every decision has a result",
    "review_scheduled": "the review is scheduled",
    "postmortem_published": "the postmortem is published",
    "follow_ups_owned": "every follow-up has an owner and a day",
    "artifacts_marked": "every kind of artifact is added, or marked as not there",
}


@dataclass(frozen=True)
class Explained:
    """One sentence: under which moment it stands, of which line of the runbook, and how far Tocsin goes."""

    moment: str
    sentence: str
    mode: Mode
    section: str
    path: tuple[str, ...]


def explain_text(text: str) -> str:
    """What happens when, in plain sentences by moment; raises RunbookError when the runbook can't be read."""
    reading = read(text)
    if reading.runbook is None:
        raise RunbookError(reading.findings)
    lines = [reading.runbook.title]
    moments: dict[str, list[Explained]] = {}
    for each in explained(reading):
        moments.setdefault(each.moment, []).append(each)
    for moment, sentences in moments.items():
        lines += ["", f"{moment}:"]
        lines += [f"  - {each.sentence}" + (f" (§{each.section})" if each.section else "") for each in sentences]
    return "\n".join(lines) + "\n"


def explained(reading: Reading) -> list[Explained]:
    """Every sentence, in the order in which a night goes."""
    runbook = reading.runbook
    if runbook is None:
        return []
    said = [
        Explained("Always", statement.text, _mode(statement.mode), statement.section, ())
        for statement in reading.statements
    ]
    return [
        *_severities(runbook), *_roles(runbook), *_first_five(runbook), *_rules(runbook), *_questions(runbook),
        *_clocks(runbook), *_gates(runbook), *_recovery(runbook), *_approvals(runbook), *_review(runbook),
        *_ready(runbook), *said,
    ]  # fmt: skip


def _mode(word: str) -> Mode:
    modes: dict[str, Mode] = {"enforced": "enforced", "asked": "asked", "recorded": "recorded", "people": "people"}
    return modes[word]


def _at(runbook: Runbook, *path: str) -> tuple[str, tuple[str, ...]]:
    return runbook.section_of(*path), path


def _severities(runbook: Runbook) -> Iterator[Explained]:
    for severity in SEVERITIES:
        found = runbook.severities.get(severity)
        if found is not None:
            words = "; ".join(found.means)
            place = _at(runbook, "severities", f"sev{severity}")
            yield Explained(
                "Severities", f"Sev{severity}: {words}. These words stand on its button.", "enforced", *place
            )


def _roles(runbook: Runbook) -> Iterator[Explained]:
    for name, role in runbook.roles.items():
        place = _at(runbook, "roles", name)
        needed = role.required
        if not needed.severities:
            yield Explained("Roles", f"{role.title} may be taken by anybody; nobody has to.", "recorded", *place)
            continue
        sources = [
            f"the {source.kind} '{source.name}'" if source.name else "who is on call for the service"
            for source in role.fill
        ]
        since = "" if needed.from_phase == "declared" else f", from {PHASE_WORDS[needed.from_phase]} on"
        each = " for each failing service" if role.for_each else ""
        filled = f" It is filled from {', then '.join(sources)}." if sources else ""
        sentence = f"{role.title}{each} must be filled {at_severities(needed.severities)}{since}.{filled}"
        yield Explained("Roles", sentence, "enforced", *place)


def _first_five(runbook: Runbook) -> Iterator[Explained]:
    if (limit := runbook.first_five.limit) is not None:
        sentence = (
            f"The steps below are due within {say_duration(limit)} of the first page; with no page, of the declare."
        )
        yield Explained("The first minutes", sentence, "enforced", *_at(runbook, "first_five", "limit"))
    for step_id, step in runbook.first_five.steps.items():
        place = _at(runbook, "first_five", "steps", step_id)
        if step.by == "system":
            yield Explained("The first minutes", f"“{step.title}” is done by Tocsin itself.", "enforced", *place)
        else:
            yield Explained("The first minutes", f"“{step.title}” is asked for until it is done.", "asked", *place)


def _rules(runbook: Runbook) -> Iterator[Explained]:
    for rule_id, rule in runbook.rules.items():
        place = _at(runbook, "rules", rule_id)
        moment, condition = rule_moment(rule, runbook)
        for effect in rule.do:
            sentence, asked = effect_sentence(effect, runbook)
            text = f"{condition}, {sentence[0].lower()}{sentence[1:]}" if condition else sentence
            yield Explained(moment, text[0].upper() + text[1:], "asked" if asked else "enforced", *place)


def _questions(runbook: Runbook) -> Iterator[Explained]:
    for name, question in runbook.questions.items():
        sentence = f"“{question.ask}” is answered once, with a name and a time."
        yield Explained("While an incident is open", sentence, "asked", *_at(runbook, "questions", name))


def _clocks(runbook: Runbook) -> Iterator[Explained]:
    clocks, moment = runbook.clocks, "While an incident is open"
    for name, label in (("internal_update", "An internal update"), ("external_update", "A status page update")):
        clock: UpdateClock | None = getattr(clocks, name)
        if clock is None:
            continue
        place = _at(runbook, "clocks", name)
        yield Explained(moment, f"{label} is due {every_severity(clock.every)}.", "enforced", *place)
        role = role_title(runbook, clock.role)
        if clock.nudge:
            before = say_duration(clock.nudge)
            sentence = f"{before} before that, {role} is reminded; when it is late, again, and it is recorded."
            yield Explained(moment, sentence, "enforced", *place)
        if clock.then_commander:
            sentence = f"{say_duration(clock.then_commander)} after it became late, the commander is told."
            yield Explained(moment, sentence, "enforced", *place)
    reminders: tuple[tuple[str, str, Mode, ReminderClock | None], ...] = (
        ("empty_role", "A required role that is empty is shouted for", "enforced", clocks.empty_role),
        ("unanswered", "A question without an answer is asked again", "asked", clocks.unanswered),
        (
            "decision_result",
            "The result of an action is asked for, where no time was given,",
            "enforced",
            clocks.decision_result,
        ),
    )
    for name, sentence, mode, reminder in reminders:
        if reminder is not None:
            again = f", then every {say_duration(reminder.every)}" if reminder.every else ""
            yield Explained(
                moment, f"{sentence} after {say_duration(reminder.after)}{again}.", mode, *_at(runbook, "clocks", name)
            )
    if clocks.vendor is not None:
        limits = every_severity(clocks.vendor.reply_within, "within")
        sentence = (
            f"A vendor's answer is due {limits}; when it is late, {role_title(runbook, clocks.vendor.role)} is told."
        )
        yield Explained(moment, sentence, "enforced", *_at(runbook, "clocks", "vendor"))


def _gates(runbook: Runbook) -> Iterator[Explained]:
    for phase, gate in runbook.gates.items():
        conditions = _conditions(gate)
        confirmed = ""
        if gate.confirmed_by is not None:
            confirmed = f"{role_title(runbook, gate.confirmed_by)} confirms it"
            conditions.append(confirmed)
        how = (
            "Then it opens by itself."
            if not confirmed
            else "A person may go past it with a reason, which is shown for ever."
        )
        sentence = f"The gate to {PHASE_WORDS[phase]} opens when {and_list(conditions) or 'somebody says so'}. {how}"
        section = next(
            (found for key in ("watch", "hold") if (found := runbook.sections.get(f"gates.{phase}.{key}"))), None
        )
        path = ("gates", phase)
        yield Explained("Between phases", sentence, "enforced", section or runbook.section_of(*path), path)


def _conditions(gate: Gate) -> list[str]:
    conditions = [NEED_WORDS[need] for need in gate.needs]
    if gate.hold is not None:
        conditions.append(f"they have held for {say_duration(gate.hold)}")
    if gate.watch is not None:
        settable = f" (a service may choose {say_span(gate.watch_between)})" if gate.watch_between else ""
        conditions.append(f"the watch has run for {say_duration(gate.watch)}{settable} without regression")
    return conditions


def _recovery(runbook: Runbook) -> Iterator[Explained]:
    recovery, moment = runbook.recovery, "Proof of recovery"
    if recovery.sample_every is not None:
        sentence = f"Recovery checks are sampled every {say_duration(recovery.sample_every)}. No data opens no gate."
        yield Explained(moment, sentence, "enforced", *_at(runbook, "recovery", "sample_every"))
    if recovery.no_data_told_after is not None:
        sentence = f"When there is no data for {say_duration(recovery.no_data_told_after)}, the commander is told."
        yield Explained(moment, sentence, "enforced", *_at(runbook, "recovery", "no_data_told_after"))
    if recovery.regression_after is not None:
        sentence = f"{recovery.regression_after} failing samples running are a regression: back to mitigating."
        yield Explained(moment, sentence, "enforced", *_at(runbook, "recovery", "regression_after"))
    for name, check in recovery.checks.items():
        how = {"promql": "a Prometheus query", "http": "an HTTP probe", "person": "a person's word"}[check.kind]
        sentence = f"“{check.title}” is measured by {how}, where a service has no criteria of its own."
        yield Explained(
            moment,
            sentence,
            "asked" if check.kind == "person" else "enforced",
            *_at(runbook, "recovery", "checks", name),
        )


def _approvals(runbook: Runbook) -> Iterator[Explained]:
    if (approval := runbook.approvals.external_update) is not None and approval.severities:
        who = " or ".join(role_title(runbook, name) for name in approval.by)
        alone = " Who is alone approves their own with a reason." if approval.alone_with_reason else ""
        when = at_severities(approval.severities)
        sentence = f"A status page update needs, {when}, the approval of {who}.{alone}"
        yield Explained(
            "Before anything is public", sentence, "enforced", *_at(runbook, "approvals", "external_update")
        )


def _review(runbook: Runbook) -> Iterator[Explained]:
    review, moment = runbook.review, "After the end"
    if review.within is not None:
        sentence = f"Counted from the end, the blameless review takes place {every_severity(review.within, 'within')}."
        yield Explained(moment, sentence, "enforced", *_at(runbook, "review", "within"))
    if review.remind_before is not None:
        sentence = f"{say_duration(review.remind_before)} before it is due, those who had a role are reminded."
        yield Explained(moment, sentence, "enforced", *_at(runbook, "review", "remind_before"))
    if review.artifacts:
        sentence = f"The draft lists which of these are missing: {', '.join(review.artifacts)}."
        yield Explained(moment, sentence, "recorded", *_at(runbook, "review", "artifacts"))
    if (rule := review.follow_ups) is not None:
        place = _at(runbook, "review", "follow_ups")
        yield Explained(
            moment, f"Each follow-up is one of: {', '.join(rule.kinds)}; with an owner and a day.", "enforced", *place
        )
        if rule.remind_before:
            sentence = f"Its owner is reminded {say_duration(rule.remind_before)} before it is due"
            late = (
                f", and every {say_duration(rule.remind_late_every)} when it is late" if rule.remind_late_every else ""
            )
            yield Explained(moment, f"{sentence}{late}.", "enforced", *place)


def _ready(runbook: Runbook) -> Iterator[Explained]:
    for name, action in runbook.actions.items():
        due = f" within {say_duration(action.within)}" if action.within else ""
        sentence = f"“{action.title}” stands ready. Expected{due}: {action.expect}"
        yield Explained("Ready actions", sentence, "recorded", *_at(runbook, "actions", name))
    for name, command in runbook.commands.items():
        sentence = f"“{command.title}” can be copied; it is never run from the browser."
        yield Explained("Quick commands", sentence, "recorded", *_at(runbook, "commands", name))


def role_title(runbook: Runbook, name: str) -> str:
    """A role as it stands in a sentence: `the incident commander`, `communications`."""
    role = runbook.roles.get(name)
    title = role.title if role else name
    article = "" if title.endswith("s") else "the "
    return f"{article}{title[0].lower()}{title[1:]}"


def at_severities(severities: tuple[int, ...]) -> str:
    """`at Sev1 and Sev2`, or `always` for all three."""
    if set(severities) == set(SEVERITIES):
        return "at every severity"
    return "at " + and_list([f"Sev{severity}" for severity in sorted(severities)])


def every_severity(values: dict[int, timedelta | None], word: str = "every") -> str:
    """`every 30 minutes at Sev1, every 60 minutes at Sev2, not at Sev3 unless somebody asks`."""
    if len(set(values.values())) == 1 and len(values) == len(SEVERITIES):
        only = next(iter(values.values()))
        return f"{word} {say_duration(only)}" if only is not None else "only when somebody asks"
    groups: dict[timedelta | None, list[str]] = {}
    for severity, value in sorted(values.items()):
        groups.setdefault(value, []).append(f"Sev{severity}")
    return ", ".join(
        f"{word} {say_duration(value)} at {and_list(names)}"
        if value is not None
        else f"at {and_list(names)} only when somebody asks"
        for value, names in groups.items()
    )
