"""Why alerts did or did not page, read off their groups and pages."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.alerts.alert import Episode
from tocsin.alerts.queries.quiet import quiet_reasons
from tocsin.identity.actor import Actor
from tocsin.organisation.queries import everything
from tocsin.paging.why import Standing, why
from tocsin.store.tables.alerts import groups
from tocsin.store.tables.paging import pages
from tocsin.store.tables.timeline import incidents


def whys(connection: Connection, actor: Actor, alerts: Sequence[Episode], now: datetime) -> dict[str, str]:
    """The sentence of each alert by its id; the actor may see these alerts, and hears of nothing else."""
    ids = {each.group_id for each in alerts if each.group_id}
    known = {row.id: row for row in connection.execute(select(groups).where(groups.c.id.in_(ids)))}
    of_groups = select(pages).where(pages.c.group_id.in_(ids)).order_by(pages.c.opened_at, pages.c.id)
    newest = {row.group_id: row for row in connection.execute(of_groups)}
    numbers = select(incidents.c.id, incidents.c.number).where(
        incidents.c.id.in_({row.incident_id for row in known.values() if row.incident_id})
    )
    named = {row.id: f"INC-{row.number}" for row in connection.execute(numbers)}
    quiet = quiet_reasons(connection, actor, {each.silenced_by for each in alerts if each.silenced_by}, now)
    people = everything(connection)
    told = {}
    for each in alerts:
        group, page = known.get(each.group_id or ""), newest.get(each.group_id or "")
        standing = Standing(fires=each.state == "firing", quiet=quiet.get(each.silenced_by or "", ""))
        if group is not None:
            standing = Standing(
                fires=standing.fires,
                routed=group.why or "",
                urgency=group.urgency,
                quiet=standing.quiet if standing.fires else "",
                snoozed_until=group.snoozed_until,
                incident=named.get(group.incident_id, ""),
                page=page.state if page else "",
                holder=people.person_name(page.acknowledged_by) if page and page.acknowledged_by else "",
                since=page.acknowledged_at if page else None,
                ended_why=(page.ended_why or "") if page else "",
            )
        told[each.id] = why(standing, now)
    return told
