"""Forms of mitigation: decisions, held deploys, flags."""

from tocsin.errors import Invalid
from tocsin.mitigation import usecases
from tocsin.mitigation.decisions import NewDecision
from tocsin.mitigation.queries import ready_actions
from tocsin.triage.queries import suspects_of
from tocsin.web.forms.rooms import back, form, incident_of, services_field, state, undoing
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView, Ref

_AT = "/incidents/{number:int}/do"
_KINDS = (
    ("command", "Command"),
    ("rollback", "Rollback"),
    ("flag", "Flag"),
    ("scale", "Scale"),
    ("restart", "Restart"),
    ("rate_limit", "Rate limit"),
    ("config", "Config"),
    ("other", "Other"),
)


def _ask_decide(asked: Asked) -> FormView:
    """Prefilled from a suspect change, or from one of the runbook's ready actions."""
    title = expected = by = kind = ""
    command = asked.query.get("command", "")
    facts: tuple[tuple[str, str], ...] = ()
    change_id = asked.query.get("change", "")
    if change_id:
        found = next(
            (
                each.change
                for each in suspects_of(asked.connection, asked.actor, incident_of(asked))
                if each.change.id == change_id
            ),
            None,
        )
        if found:
            title, command, kind = f"Undo {found.service} {found.version or found.kind}", found.undo or "", "rollback"
            facts = (
                ("What", found.summary),
                ("Reported by", found.reported_by),
                ("Undo", found.undo or "not told by its reporter"),
            )
    ready = {action.id: action for action in ready_actions(asked.connection, asked.actor, incident_of(asked))}
    if action := ready.get(asked.query.get("action", "")):
        title, command, expected = action.title, action.command or "", action.expect
    if ready and not change_id:
        facts += (("Prepared", ", ".join(action.title for action in ready.values())),)
    line = Ref("7.1")
    return form(
        asked,
        "decide",
        "Log a decision",
        "Log it",
        Field("title", "What, in words", "text", title, required=True),
        Field("command", "Exact command or change", "textarea", command, required=True),
        Field(
            "expected",
            "What do you expect?",
            "text",
            expected,
            "A number and a direction, such as: failures below 1%",
            required=True,
            ref=line,
        ),
        Field("by", "By when", "text", by or "10m", "10m or a time; then the answer is asked for"),
        Field(
            "kind", "Kind", "select", kind or "command", choices=tuple(Choice(value, label) for value, label in _KINDS)
        ),
        Field("change", "", "hidden", change_id),
        facts=facts,
        icon="decision",
        lede="Run it where you are, or with tocsin run, which fills in the result's output by itself.",
    )


def _decide(asked: Asked, given: Given) -> Sent:
    wait = None
    if text := given.optional("by"):
        wait = given.instant("by") if ":" in text else asked.now + (given.duration("by") or asked.now - asked.now)
    new = NewDecision(
        command=given.text("command"),
        expected=given.text("expected"),
        what=given.optional("kind") or "command",
        title=given.or_none("title"),
        expected_by=wait,
        change_id=given.or_none("change"),
    )
    usecases.open_decision(asked.connection, asked.actor, incident_of(asked), new, asked.now)
    return back(asked, "Logged. The result is asked for at the time you said.", "decisions")


def _ask_result(asked: Asked) -> FormView:
    decision = state(asked).mitigation.decisions.get(asked.query.get("decision", ""))
    if decision is None:
        raise Invalid("there is no such decision", "decision")
    answers = (Choice("matched", "Matched"), Choice("no_match", "No match"), Choice("unclear", "Unclear"))
    return form(
        asked,
        "result",
        "What happened?",
        "Close the decision",
        Field("decision", "", "hidden", decision.decision_id),
        Field("actual", "What happened", "textarea", required=True),
        Field("matched", "Did it match?", "radio", choices=answers, required=True),
        facts=(("Expected", decision.expected),),
        command=decision.command,
    )


def _result(asked: Asked, given: Given) -> Sent:
    usecases.close_decision(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("decision"),
        given.text("actual"),
        given.text("matched"),
        asked.now,
    )
    return back(asked, "Recorded.", "decisions")


def _more_time(asked: Asked, given: Given) -> Sent:
    wait = given.duration("by")
    if wait is None:
        raise Invalid("say how much more time, such as 5m", "by")
    usecases.extend_decision(
        asked.connection, asked.actor, incident_of(asked), given.text("decision"), asked.now + wait, asked.now
    )
    return back(asked, anchor="decisions")


def _ask_hold(asked: Asked) -> FormView:
    services = state(asked).triage.services
    return form(
        asked,
        "hold",
        "Hold deploys",
        "Hold deploys",
        services_field(asked, services, "On"),
        Field("reason", "Why", "text"),
        lede="Pipelines that ask are told to wait, with this reason.",
        icon="snow",
    )


def _hold(asked: Asked, given: Given) -> Sent:
    before = state(asked).mitigation.held
    changed = usecases.hold_deploys(
        asked.connection,
        asked.actor,
        incident_of(asked),
        asked.now,
        services=given.words("services") or None,
        reason=given.or_none("reason"),
    )
    held = tuple(changed.state.mitigation.held)
    new = [service for service in held if service not in before]
    undo = undoing(asked, "release", services=" ".join(new), reason="Held by mistake; undone.") if new else None
    return back(asked, "Deploys are held.", undo=undo)


def _ask_release(asked: Asked) -> FormView:
    held = tuple(state(asked).mitigation.held)
    return form(
        asked,
        "release",
        "Release deploys",
        "Release deploys",
        services_field(asked, held, "On"),
        Field("reason", "Why", "text"),
    )


def _release(asked: Asked, given: Given) -> Sent:
    usecases.release_deploys(
        asked.connection,
        asked.actor,
        incident_of(asked),
        asked.now,
        services=given.words("services") or None,
        reason=given.or_none("reason"),
    )
    return back(asked, "Deploys are released.")


def _ask_allow(asked: Asked) -> FormView:
    return form(
        asked,
        "allow",
        "Allow one change",
        "Allow it",
        Field("change", "The change's id", "text", required=True),
        Field("service", "Service", "text"),
        Field("reason", "Why", "text", required=True),
        lede="It may be the fix. Everything else stays held.",
    )


def _allow(asked: Asked, given: Given) -> Sent:
    usecases.allow_change(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("change"),
        given.text("reason"),
        asked.now,
        service=given.or_none("service"),
    )
    return back(asked, "Allowed.")


def _ask_flag(asked: Asked) -> FormView:
    return form(
        asked,
        "flag",
        "Which flag was turned?",
        "Record it",
        Field("flag", "Flag", "text", required=True),
        Field("note", "To what, where", "text"),
    )


def _flag(asked: Asked, given: Given) -> Sent:
    flag = None if given.yes("none_helps") else given.text("flag")
    usecases.answer_flag(
        asked.connection, asked.actor, incident_of(asked), asked.now, flag=flag, note=given.or_none("note")
    )
    return back(asked)


FORMS = (
    Form(f"{_AT}/decide", _decide, _ask_decide),
    Form(f"{_AT}/result", _result, _ask_result),
    Form(f"{_AT}/more-time", _more_time),
    Form(f"{_AT}/hold", _hold, _ask_hold),
    Form(f"{_AT}/release", _release, _ask_release),
    Form(f"{_AT}/allow", _allow, _ask_allow),
    Form(f"{_AT}/flag", _flag, _ask_flag),
)
