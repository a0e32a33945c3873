"""A schedule as somebody writes it on the screen, not yet right: fields, buttons that change the shape, mistakes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import ValidationError

from tocsin.errors import Invalid, Mistake
from tocsin.identity.keys import Keys
from tocsin.organisation.held import to_json
from tocsin.organisation.mistakes import in_words
from tocsin.organisation.model.schedule import WEEKDAYS, Months, Rotation, Schedule
from tocsin.runbook.durations import format_duration

_T = TypeVar("_T")
_WEEK, _DAY = timedelta(weeks=1), timedelta(days=1)
_MOST = 50
_MOST_PEOPLE = 500
_MOST_HOURS = 20
_SEALED, _PURPOSE = "sealed:", "a schedule's draft"


@dataclass(frozen=True)
class HoursDraft:
    """Hours of some days."""

    begin: str = "09:00"
    end: str = "17:00"
    days: tuple[str, ...] = WEEKDAYS[:5]


@dataclass(frozen=True)
class LayerDraft:
    """A rotation. `holidays` is DE or DE-BE; `on` is 'off' (it rests on them) or 'only'."""

    name: str = ""
    people: tuple[str, ...] = ()
    every: str = "1 week"
    starts: str = ""
    handover: str = "09:00"
    time_zone: str = "UTC"
    hours: tuple[HoursDraft, ...] = ()
    holidays: str = ""
    on: str = "off"


@dataclass(frozen=True)
class Draft:
    """The whole schedule; its former ids are no matter of this screen."""

    id: str = ""
    name: str = ""
    team: str = ""
    layers: tuple[LayerDraft, ...] = field(default_factory=tuple)
    calendar: str = ""
    calendar_zone: str = "UTC"


def draft_of(schedule_id: str, schedule: Schedule) -> Draft:
    """What stands, as the screen shows it."""
    layers = tuple(map(_layer_of, schedule.rotations))
    calendar = schedule.calendar
    shown = (calendar.shown, calendar.time_zone) if calendar else ("", "UTC")
    return Draft(schedule_id, schedule.name, schedule.team or "", layers, *shown)


def _layer_of(rotation: Rotation) -> LayerDraft:
    written = to_json(rotation)
    holidays = rotation.holidays
    return LayerDraft(
        rotation.name or "",
        rotation.people,
        turn_text(rotation.every),
        str(written["starts"]),
        str(written["handover"]),
        rotation.time_zone,
        tuple(
            HoursDraft(f"{each.begin:%H:%M}", f"{each.end:%H:%M}", tuple(day for day in WEEKDAYS if day in each.days))
            for each in rotation.hours
        ),
        "-".join(filter(None, (holidays.country, holidays.subdivision))) if holidays else "",
        "only" if holidays and holidays.only else "off",
    )


def turn_text(every: timedelta | Months) -> str:
    """A turn's length as people say it: '1 week', '3 days', '12h', '1 month'."""
    for size, word in ((_WEEK, "week"), (_DAY, "day")):
        if isinstance(every, timedelta) and every % size == timedelta():
            return f"{every // size} {word}{'' if every == size else 's'}"
    if isinstance(every, Months):
        return f"{every.count} month{'' if every.count == 1 else 's'}"
    return format_duration(every)


def read_draft(values: Mapping[str, str]) -> Draft:
    """What the form's fields say."""
    many = _count(values.get("layers", ""), _MOST)
    return Draft(
        values.get("id", "").strip(),
        values.get("name", "").strip(),
        values.get("team", ""),
        tuple(_read_layer(values, f"l{place}") for place in range(many)),
        values.get("calendar", "").strip(),
        values.get("calendar_zone", "").strip() or "UTC",
    )


def _read_layer(values: Mapping[str, str], at: str) -> LayerDraft:
    def text(name: str) -> str:
        return values.get(f"{at}.{name}", "").strip()

    people = [values[name] for place in range(_MOST_PEOPLE) if (name := f"{at}.p{place}") in values and values[name]]
    if added := text("more"):
        people.append(added)
    hours = tuple(
        HoursDraft(
            text(f"h{place}.begin"),
            text(f"h{place}.end"),
            tuple(day for day in WEEKDAYS if text(f"h{place}.{day}")),
        )
        for place in range(_count(text("hours"), _MOST_HOURS))
    )
    return LayerDraft(
        text("name"),
        tuple(people),
        text("every"),
        text("starts"),
        text("handover"),
        text("time_zone"),
        hours,
        text("holidays"),
        "only" if text("on") == "only" else "off",
    )


def addressed(draft: Draft, keys: Keys) -> Draft:
    """As the address bar may show it, which browsers and proxies keep: a calendar's address is a secret, so sealed."""
    if not draft.calendar or draft.calendar.startswith(_SEALED):
        return draft
    return replace(draft, calendar=_SEALED + keys.seal(_PURPOSE, draft.calendar))


def typed(draft: Draft, keys: Keys) -> Draft:
    """As it was typed, from `addressed`; without the calendar where that was changed on its way."""
    if not draft.calendar.startswith(_SEALED):
        return draft
    try:
        return replace(draft, calendar=keys.open(_PURPOSE, draft.calendar.removeprefix(_SEALED)))
    except Invalid:
        return replace(draft, calendar="")


def written(draft: Draft) -> list[tuple[str, str]]:
    """The form's fields that say this draft."""
    found = [("id", draft.id), ("name", draft.name), ("team", draft.team), ("layers", str(len(draft.layers)))]
    found += [("calendar", draft.calendar), ("calendar_zone", draft.calendar_zone)]
    for place, layer in enumerate(draft.layers):
        at = f"l{place}"
        found += [(f"{at}.p{number}", person) for number, person in enumerate(layer.people)]
        for name in ("name", "every", "starts", "handover", "time_zone", "holidays", "on"):
            found.append((f"{at}.{name}", getattr(layer, name)))
        found.append((f"{at}.hours", str(len(layer.hours))))
        for number, hours in enumerate(layer.hours):
            found += [(f"{at}.h{number}.begin", hours.begin), (f"{at}.h{number}.end", hours.end)]
            found += [(f"{at}.h{number}.{day}", "yes") for day in hours.days]
    return found


def pressed(draft: Draft, button: str, fresh: LayerDraft) -> Draft:
    """The draft after a button: 'add-layer', 'drop-layer:0', 'up-layer:1', 'up:0:2', 'out:0:2', 'add-hours:0' …

    One that makes no sense (any more) changes nothing.
    """
    what, *places = button.split(":")
    numbers = [_count(each, _MOST_PEOPLE) for each in places]
    if what == "add-layer":
        return replace(draft, layers=(*draft.layers, fresh)[:_MOST])
    if not numbers or numbers[0] >= len(draft.layers):
        return draft
    place, *inner = numbers
    if what == "drop-layer":
        return replace(draft, layers=_without(draft.layers, place))
    if what in ("up-layer", "down-layer"):
        return replace(draft, layers=_moved(draft.layers, place, -1 if what == "up-layer" else 1))
    layer = draft.layers[place]
    if what == "add-hours":
        layer = replace(layer, hours=(*layer.hours, HoursDraft())[:_MOST_HOURS])
    elif inner and what == "drop-hours":
        layer = replace(layer, hours=_without(layer.hours, inner[0]))
    elif inner and what == "out":
        layer = replace(layer, people=_without(layer.people, inner[0]))
    elif inner and what in ("up", "down"):
        layer = replace(layer, people=_moved(layer.people, inner[0], -1 if what == "up" else 1))
    return replace(draft, layers=(*draft.layers[:place], layer, *draft.layers[place + 1 :]))


def to_schedule(draft: Draft) -> Schedule:
    """The schedule that the draft means; Invalid with each mistake under the name of its field in the form."""
    try:
        return Schedule.model_validate(
            {
                "name": draft.name,
                "team": draft.team or None,
                "calendar": {"url": draft.calendar, "time_zone": draft.calendar_zone} if draft.calendar else None,
                "rotations": [_spec(layer) for layer in draft.layers],
            }
        )
    except ValidationError as error:
        mistakes = tuple(
            Mistake(_field_of(detail["loc"]), " ".join(filter(None, in_words(detail, Schedule))))
            for detail in error.errors()
        )
        raise Invalid("some fields are not right yet", mistakes=mistakes) from error


def _spec(layer: LayerDraft) -> dict[str, Any]:
    country, _, part = layer.holidays.upper().partition("-")
    holidays = {"country": country, "subdivision": part or None, "only": layer.on == "only"} if country else None
    return {
        "name": layer.name or None,
        "people": list(layer.people),
        "every": layer.every,
        "starts": layer.starts,
        "handover": layer.handover,
        "time_zone": layer.time_zone,
        "hours": [{"begin": each.begin, "end": each.end, "days": list(each.days)} for each in layer.hours],
        "holidays": holidays,
    }


def _field_of(loc: tuple[int | str, ...]) -> str:
    """('rotations', 0, 'hours', 1, 'begin') as 'l0.h1.begin'."""
    if loc and loc[0] == "calendar":
        return "calendar_zone" if loc[-1] == "time_zone" else "calendar"
    if len(loc) < 3 or loc[0] != "rotations":
        return str(loc[0]) if loc else ""
    if len(loc) > 4 and loc[2] == "hours":
        return f"l{loc[1]}.h{loc[3]}.{loc[4]}"
    return f"l{loc[1]}.{loc[2]}"


def _count(text: str, most: int) -> int:
    return min(int(text[:4]), most) if text.isdecimal() and text.isascii() else 0


def _without(items: tuple[_T, ...], place: int) -> tuple[_T, ...]:
    return (*items[:place], *items[place + 1 :])


def _moved(items: tuple[_T, ...], place: int, by: int) -> tuple[_T, ...]:
    other = place + by
    if not (0 <= place < len(items) and 0 <= other < len(items)):
        return items
    found = list(items)
    found[place], found[other] = found[other], found[place]
    return tuple(found)
