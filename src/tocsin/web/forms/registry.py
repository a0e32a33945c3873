"""Every form."""

from tocsin.web.forms import (
    alerts,
    between,
    comms,
    handing,
    heartbeats,
    incidents,
    integrations,
    log,
    mitigation,
    oncall,
    paging,
    phases,
    recovery,
    review,
    roles,
    scheduling,
    settings,
    triage,
)
from tocsin.web.forms.sending import Form

FORMS: tuple[Form, ...] = (
    *incidents.FORMS,
    *phases.FORMS,
    *log.FORMS,
    *roles.FORMS,
    *triage.FORMS,
    *mitigation.FORMS,
    *comms.FORMS,
    *recovery.FORMS,
    *review.FORMS,
    *paging.FORMS,
    *oncall.FORMS,
    *between.FORMS,
    *scheduling.FORMS,
    *handing.FORMS,
    *alerts.FORMS,
    *settings.FORMS,
    *integrations.FORMS,
    *heartbeats.FORMS,
)
