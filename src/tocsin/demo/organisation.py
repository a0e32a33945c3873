"""The shop's organisation as files, with a runbook whose waiting times suit a story instead of a night."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

from tocsin.runbook.bundle import default_text

PEOPLE = ("ada", "dana", "kofi", "mira")


@dataclass(frozen=True)
class Pace:
    """How long the runbook waits, in whole seconds: hold before the watch, the watch, between two measures."""

    hold: int = 15
    watch: int = 45
    sample: int = 5


_ORGANISATION = Template(
    """\
organisation:
  name: The Corner Shop
  last_resort: [ada]
  default_policy: shop
  runbook: incident-response
  commander_schedule: incident-commanders
  communications_schedule: communications
  security_team: security
  legal_team: legal
  prometheus: $prometheus

people:
  ada: {name: Ada Okafor, email: ada@shop.example, time_zone: Europe/London}
  dana: {name: Dana Kim, email: dana@shop.example, time_zone: Europe/Berlin}
  kofi: {name: Kofi Mensah, email: kofi@shop.example, time_zone: Africa/Accra}
  mira: {name: Mira Lindqvist, email: mira@shop.example, time_zone: Europe/Stockholm}

teams:
  checkout: {name: Checkout, members: [dana, kofi], policy: shop}
  security: {name: Security, members: [mira], policy: security}
  legal: {name: Legal, members: [mira], policy: security}

schedules:
  checkout:
    name: Checkout on call
    team: checkout
    rotations:
      - {people: [dana], every: 1 week, starts: 2026-01-05, handover: "09:00", time_zone: Europe/Berlin}
  second-line:
    name: Second line
    rotations:
      - {people: [kofi], every: 1 week, starts: 2026-01-05, handover: "09:00", time_zone: Africa/Accra}
  incident-commanders:
    name: Incident commanders
    rotations:
      - {people: [ada], every: 1 week, starts: 2026-01-05, handover: "09:00", time_zone: Europe/London}
  communications:
    name: Communications
    rotations:
      - {people: [mira], every: 1 week, starts: 2026-01-05, handover: "09:00", time_zone: Europe/Stockholm}

policies:
  shop:
    name: Checkout
    steps:
      - {page: [{schedule: checkout}], wait: $step}
      - {page: [{schedule: second-line}], wait: $step}
    repeat: 0
  security:
    name: Security and legal
    steps:
      - {page: [{person: mira}], wait: 5m}

services:
  checkout:
    name: Checkout
    description: Takes card payments.
    tier: 1
    team: checkout
    policy: shop
    customers: Everyone who buys something
    customer_count: 12000
    public_name: Paying by card
    pipelines: [checkout]
    links:
      - {title: What Prometheus sees, url: "$prometheus/graph?g0.expr=shop_failing_share&g0.tab=0&g0.range_input=5m"}
    checks:
$checks

routing:
  checkout:
    order: 10
    match: {service: checkout}
    service: checkout
    policy: shop
    urgency: page

runbooks:
  incident-response: {file: incident-response.md, name: Incident response}
"""
)

_PROMQL_CHECK = """\
      failing-share:
        kind: promql
        name: Card payments that fail
        query: shop_failing_share
        comparator: "<"
        threshold: 0.05
        interval: ${interval}s
"""
_HTTP_CHECK = """\
      shop-answers:
        kind: http
        name: The shop calls itself well
        url: $shop/healthz
        interval: ${interval}s
"""

# What stands in the shipped runbook, sentence or block, and what stands there instead. Each must be found.
_SHORTENED = (
    ("all\nof them pass together for 10 minutes.", "all\nof them pass together for {hold} seconds."),
    ("watching: {{needs: [criteria_pass], hold: 10m}}", "watching: {{needs: [criteria_pass], hold: {hold}s}}"),
    ("Measures are taken every 30 seconds;", "Measures are taken every {sample} seconds;"),
    ("sample_every: 30s", "sample_every: {sample}s"),
    ("watching for 30–60 minutes; 45 minutes unless", "watching for {least}–{most} seconds; {watch} seconds unless"),
    ("    watch: 45m\n    watch_between: 30–60 min", "    watch: {watch}s\n    watch_between: {least}–{most} s"),
)


def write_organisation(
    directory: Path, *, prometheus: str | None, shop: str, pace: Pace | None = None, step: str = "2m"
) -> Path:
    """Write the files that `tocsin apply` reads; `prometheus` and `shop` are where the checks ask."""
    directory.mkdir(parents=True, exist_ok=True)
    pace = pace or Pace()
    template = Template((_PROMQL_CHECK if prometheus else "") + _HTTP_CHECK)
    checks = template.substitute(shop=shop, interval=max(pace.sample, 5))
    text = _ORGANISATION.substitute(prometheus=prometheus or shop, checks=checks.rstrip("\n"), step=step)
    (directory / "organisation.yaml").write_text(text)
    (directory / "incident-response.md").write_text(shortened_runbook(pace))
    return directory


def shortened_runbook(pace: Pace) -> str:
    """The shipped runbook with this pace, sentences and blocks changed together."""
    values = {
        "hold": pace.hold,
        "watch": pace.watch,
        "sample": pace.sample,
        "least": min(30, pace.watch),
        "most": max(60, pace.watch),
    }
    text = default_text()
    for before, after in _SHORTENED:
        found = before.replace("{{", "{").replace("}}", "}")
        if found not in text:
            raise LookupError(f"the shipped runbook no longer says {found!r}; the demo must be told")
        text = text.replace(found, after.format(**values))
    return text
