"""Every form."""

from tocsin.web.forms import comms, incidents, paging, recovery
from tocsin.web.forms.sending import Form

FORMS: tuple[Form, ...] = (*incidents.FORMS, *comms.FORMS, *recovery.FORMS, *paging.FORMS)
