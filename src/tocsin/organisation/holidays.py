"""Public holidays, by the `holidays` library (github.com/vacanza/holidays). Pure but for its import, which is late."""

from datetime import date
from functools import lru_cache

from tocsin.runbook.findings import nearest


def check(country: str, subdivision: str | None) -> None:
    """ValueError, naming what is near, for a country or a part of it whose holidays nobody knows."""
    known = _known()
    if country not in known:
        raise ValueError(
            f"the holidays of '{country}' are not known; write an ISO code such as DE. {nearest(country, known)}".strip()
        )
    if subdivision is not None and subdivision not in known[country]:
        parts = ", ".join(known[country]) or "no parts of its own"
        raise ValueError(f"'{country}' has no part '{subdivision}'; it has {parts}")


def is_holiday(country: str, subdivision: str | None, day: date) -> bool:
    """Whether a calendar day is one, in that country's own calendar."""
    return day in _days(country, subdivision, day.year)


def name_of(country: str, subdivision: str | None, day: date) -> str:
    """What the day is called, in English where the calendar knows that; empty when it is none."""
    return _days(country, subdivision, day.year).get(day, "")


@lru_cache(maxsize=512)
def _days(country: str, subdivision: str | None, year: int) -> dict[date, str]:
    import holidays

    return dict(holidays.country_holidays(country, subdiv=subdivision, years=year, language="en_US"))


@lru_cache(maxsize=1)
def _known() -> dict[str, list[str]]:
    import holidays

    return holidays.list_supported_countries()
