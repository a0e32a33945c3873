"""Every screen."""

from tocsin.web.pages import (
    alert_search,
    alerts,
    catalog,
    files,
    handing,
    heartbeats,
    incidents,
    integrations,
    oncall,
    others,
    overview,
    postmortem,
    proof,
    runbook,
    schedule,
    settings,
    simulate,
)
from tocsin.web.pages.room import screen as room
from tocsin.web.screens import Screen

SCREENS: tuple[Screen, ...] = (
    *files.SCREENS,
    overview.SCREEN,
    incidents.SCREEN,
    room.SCREEN,
    alerts.SCREEN,
    alert_search.SCREEN,
    oncall.SCREEN,
    simulate.SCREEN,
    *schedule.SCREENS,
    handing.SCREEN,
    *runbook.SCREENS,
    *postmortem.SCREENS,
    *catalog.SCREENS,
    *settings.SCREENS,
    *integrations.SCREENS,
    heartbeats.SCREEN,
    *others.SCREENS,
    proof.SCREEN,
)
