"""Forms of alerts: snooze a group, call it over, silence by labels."""

from tocsin.alerts.queries import find_silence
from tocsin.alerts.queries.board import group_of, members
from tocsin.alerts.usecases import groups, quieting, resolving
from tocsin.errors import Invalid, NotFound
from tocsin.paging.usecases import acknowledge_pages
from tocsin.web import format as say
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.instants import parse_coming
from tocsin.web.screens import Asked
from tocsin.web.views.common import Field, FormView


def _ask_snooze(asked: Asked) -> FormView:
    at = f"/alerts/{asked.path['group']}/snooze"
    fields = (Field("for", "For", "text", "1h", "30m, 2h, 1d", required=True), Field("reason", "Why", "text"))
    return FormView(
        "Keep the group quiet",
        "It pages again when the time is over, or at once when it gets worse.",
        at,
        fields,
        "Snooze",
        "/alerts",
    )


def _snooze(asked: Asked, given: Given) -> Sent:
    wait = given.duration("for")
    if wait is None:
        raise Invalid("say for how long, such as 30m", "for")
    command = groups.SnoozeGroup(str(asked.path["group"]), asked.now + wait, given.optional("reason"))
    groups.snooze_group(asked.connection, asked.actor, command, asked.now)
    return Sent("/alerts", "Quiet until then.")


def _wake(asked: Asked, given: Given) -> Sent:
    del given
    groups.end_snooze(asked.connection, asked.actor, str(asked.path["group"]), asked.now)
    return Sent("/alerts", "It may page again.")


def _ask_resolve(asked: Asked) -> FormView:
    group = group_of(asked.connection, asked.actor, str(asked.path["group"]))
    if group is None:
        raise NotFound("there is no such group")
    newest = members(asked.connection, [group.id], 1)[group.id]
    heard = f", last heard of at {say.moment(newest[0].last_at, asked.now)}" if newest else ""
    return FormView(
        f"Call over: {group.title}",
        f"{say.sentence(say.figure(group.firing, 'alert'))[:-1]} of it {'fires' if group.firing == 1 else 'fire'}{heard}. "
        "If its sender says so again, it counts as new and pages; to keep it quiet, silence it instead.",
        f"/alerts/{group.id}/resolve",
        (Field("reason", "Why it is over", "text"),),
        "It is over",
        "/alerts",
    )


def _resolve(asked: Asked, given: Given) -> Sent:
    command = resolving.ResolveGroup(str(asked.path["group"]), given.optional("reason"))
    resolving.resolve_group(asked.connection, asked.actor, command, asked.now)
    return Sent("/alerts", "Whoever was paged is told when it has stayed so.")


def _ask_silence(asked: Asked) -> FormView:
    fields = (
        Field(
            "match",
            "Labels",
            "textarea",
            asked.query.get("match", ""),
            "One a line: service=checkout-api. All must match",
            required=True,
        ),
        Field("from", "From, UTC", "text", "", "22:00 or sat 22:00; now if left empty"),
        Field("for", "For", "text", "2h", required=True),
        Field("reason", "Why", "text", required=True),
    )
    return FormView(
        "Silence alerts",
        "Alerts that carry all of these labels do not page in that time. They are still kept.",
        "/alerts/silence",
        fields,
        "Silence",
        "/alerts",
    )


def _silence(asked: Asked, given: Given) -> Sent:
    match = {}
    for line in given.text("match").splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or not name.strip():
            raise Invalid(f"'{line.strip()}' is no label; write name=value", "match")
        match[name.strip()] = value.strip()
    text, wait = given.or_none("from"), given.duration("for")
    begins = parse_coming(text, asked.now, "from") if text else asked.now
    command = quieting.CreateSilence(match, begins + wait if wait else None, given.text("reason"), begins)
    quieting.create_silence(asked.connection, asked.actor, command, asked.now)
    return Sent("/alerts", "Silenced.")


def _ask_change(asked: Asked) -> FormView:
    row = find_silence(asked.connection, asked.actor, str(asked.path["silence"]), asked.now)
    match = ", ".join(f"{name}={value}" for name, value in row.match.items())
    return FormView(
        "Change a silence",
        f"{match}, until {say.moment(row.ends_at, asked.now)} UTC.",
        f"/alerts/silence/{row.id}/change",
        (
            Field("for", "For, from now", "text", "2h", "30m, 4h, 1d", required=True),
            Field("reason", "Why", "text", row.reason, required=True),
        ),
        "Change it",
        "/alerts",
    )


def _change(asked: Asked, given: Given) -> Sent:
    wait = given.duration("for")
    if wait is None:
        raise Invalid("say for how long, such as 2h", "for")
    command = quieting.ChangeSilence(str(asked.path["silence"]), asked.now + wait, given.text("reason"))
    quieting.change_silence(asked.connection, asked.actor, command, asked.now)
    return Sent("/alerts", "The silence was changed.")


def _end_silence(asked: Asked, given: Given) -> Sent:
    quieting.cancel_silence(asked.connection, asked.actor, given.text("silence"), asked.now)
    return Sent("/alerts", "The silence is over.")


def _acknowledge(asked: Asked, given: Given) -> Sent:
    chosen = given.many("page")
    if not chosen:
        return Sent("/alerts", "Nothing is selected.")
    answers = acknowledge_pages(asked.connection, asked.actor, chosen, asked.now, via="web")
    mine = [each for each in answers if each.acknowledged and each.acknowledged.yours]
    others = [each for each in answers if not (each.acknowledged and each.acknowledged.yours)]
    said = [f"You have {say.figure(len(mine), 'page')}."] if mine else []
    said += dict.fromkeys(say.sentence(each.sentence) for each in others)
    return Sent("/alerts", " ".join(said[:_MOST_SAID]))


_MOST_SAID = 4
FORMS = (
    Form("/alerts/acknowledge", _acknowledge, page="alerts"),
    Form("/alerts/{group}/snooze", _snooze, _ask_snooze, page="alerts"),
    Form("/alerts/{group}/wake", _wake, page="alerts"),
    Form("/alerts/{group}/resolve", _resolve, _ask_resolve, page="alerts"),
    Form("/alerts/silence", _silence, _ask_silence, page="alerts"),
    Form("/alerts/silence/end", _end_silence, page="alerts"),
    Form("/alerts/silence/{silence}/change", _change, _ask_change, page="alerts"),
)
