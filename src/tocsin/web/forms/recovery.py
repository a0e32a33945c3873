"""A person's word on a recovery check."""

from tocsin.errors import Invalid
from tocsin.recovery import usecases
from tocsin.web.forms.rooms import back, incident_of
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked


def _attest(asked: Asked, given: Given) -> Sent:
    verdict = given.text("verdict")
    if verdict not in ("pass", "fail", "no_data"):
        raise Invalid("say that it holds, that it does not, or take your word back", "verdict")
    usecases.attest(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("check"),
        verdict,  # type: ignore[arg-type]
        given.or_none("note"),
        asked.now,
    )
    return back(asked, anchor="criteria")


FORMS = (Form("/incidents/{number:int}/do/attest", _attest),)
