"""What the forms of a room share: its incident, its people and services as choices, the way back."""

from tocsin.incidents.queries import incident_id_of, state_of
from tocsin.organisation.queries import everything
from tocsin.timeline.facts.incidents import role_word
from tocsin.timeline.state import IncidentState
from tocsin.web.forms.sending import Sent
from tocsin.web.screens import Asked
from tocsin.web.views.common import Action, Choice, Field, FormView


def incident_of(asked: Asked) -> str:
    """The incident's id; NotFound when the actor may not know of it."""
    return incident_id_of(asked.connection, asked.actor, str(asked.path["number"]))


def state(asked: Asked) -> IncidentState:
    """The incident as it stands."""
    return state_of(asked.connection, asked.actor, incident_of(asked))


def room(asked: Asked, anchor: str = "") -> str:
    """The room's path."""
    return f"/incidents/{asked.path['number']}{f'#{anchor}' if anchor else ''}"


def back(asked: Asked, toast: str = "", anchor: str = "", undo: Action | None = None) -> Sent:
    """To the room, confirming there what was done."""
    return Sent(room(asked, anchor), toast, undo=undo)


def undoing(asked: Asked, what: str, **fields: str) -> Action:
    """The form of this room that takes back what was just done."""
    return Action("Undo", f"{room(asked)}/do/{what}", post=True, fields=tuple(fields.items()))


def form(asked: Asked, what: str, title: str, submit: str, *fields: Field, lede: str = "", **more: object) -> FormView:
    """A form of this room."""
    return FormView(title, lede, f"{room(asked)}/do/{what}", fields, submit, room(asked), **more)  # type: ignore[arg-type]


def people_field(
    asked: Asked, name: str = "person", label: str = "Who", chosen: str = "", error_hint: str = ""
) -> Field:
    """A choice of everybody who is active."""
    people = everything(asked.connection).people
    choices = tuple(Choice(key, spec.name, chosen=key == chosen) for key, spec in people.items() if spec.active)
    return Field(name, label, "select", chosen, error_hint, choices=choices)


def anyone_field(asked: Asked, name: str = "to", label: str = "Who") -> Field:
    """A choice of everybody and everything that can be paged."""
    known = everything(asked.connection)
    choices = [Choice(key, spec.name) for key, spec in known.people.items() if spec.active]
    for kind, some in (
        ("team", known.teams),
        ("schedule", known.schedules),
        ("service", known.services),
        ("policy", known.policies),
    ):
        choices += [Choice(key, f"{spec.name} ({kind})") for key, spec in some.items()]
    return Field(name, label, "select", choices=tuple(choices), required=True)


def roles_field(asked: Asked, chosen: str = "") -> Field:
    """A choice of the runbook's roles; experts by service."""
    from tocsin.incidents.command import read_bundle
    from tocsin.runbook.events import services_of

    known = state(asked)
    runbook = read_bundle(asked.connection, known.incident.bundle_digest).effective(services_of(known))
    choices: list[Choice] = []
    for key, role in runbook.roles.items():
        if role.for_each:
            choices += [Choice(f"{key}:{service}", f"{role.title} for {service}") for service in services_of(known)]
        choices.append(Choice(key, role.title))
    return Field("role", "Role", "select", chosen, choices=tuple(choices))


def services_field(asked: Asked, chosen: tuple[str, ...] = (), label: str = "Services") -> Field:
    """Services by id, as text with the known ones as a hint."""
    known = ", ".join(list(everything(asked.connection).services)[:12])
    hint = f"Ids with a space between; known: {known}" if known else "Ids with a space between"
    return Field("services", label, "text", " ".join(chosen), hint)


def role_words(role: str) -> str:
    """'incident commander'."""
    return role_word(role)
