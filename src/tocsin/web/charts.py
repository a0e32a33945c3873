"""Server-drawn SVG: sparklines, strips of minutes, the 90 days of the status page, the shape of an incident."""

from collections.abc import Iterable, Sequence
from html import escape

from markupsafe import Markup

from tocsin.web.views.common import Spark

Point = tuple[float, float]


def points(values: Sequence[float], box: tuple[float, float, float, float], low: float, high: float) -> list[Point]:
    """Values spread over a box (x0, x1, y0, y1), clipped to [low, high]."""
    x0, x1, y0, y1 = box
    span = (high - low) or 1.0
    last = max(1, len(values) - 1)
    return [
        (x0 + (x1 - x0) * i / last, y1 - (y1 - y0) * ((min(max(value, low), high) - low) / span))
        for i, value in enumerate(values)
    ]


def path(dots: Iterable[Point]) -> str:
    """An SVG path through the points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in dots)


def spark(line: Spark, width: int = 100, height: int = 30, cls: str = "") -> Markup:
    """A sparkline with its limit; '' when there are fewer than two values."""
    if not line.worth_showing:
        return Markup("")
    shown = (*line.values, line.limit) if line.limit is not None else line.values
    low, high = min(0.0, *shown), max(shown)
    dots = points(line.values, (1, width - 4, 3, height - 3), low, high)
    out = [
        f'<svg class="spark{f" {cls}" if cls else ""}" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' preserveAspectRatio="none" role="img" aria-label="{escape(line.label)}">'
    ]
    if line.limit is not None:
        y = points([line.limit], (0, 0, 3, height - 3), low, high)[0][1]
        top, tall = (0.0, y) if line.fails_above else (y, height - y)
        out.append(f'<rect class="spark__bad" x="0" y="{top:.1f}" width="{width}" height="{tall:.1f}"/>')
        out.append(f'<line class="spark__limit" x1="0" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"/>')
    x, y = dots[-1]
    out.append(f'<path class="spark__line" d="{path(dots)}"/><path class="spark__now" d="M{x:.1f} {y:.1f}h.01"/></svg>')
    return Markup("".join(out))  # noqa: S704 - numbers and an escaped label


def strip(counts: Sequence[int], *, quiet: bool = False, sampled: bool = False) -> Markup:
    """One-minute columns: how many alerts of a group fired; `sampled`: of its newest alone."""
    if not counts:
        return Markup("")
    top = max(*counts, 4)
    width = len(counts) * 5
    tall = [max(1, round(20 * count / top)) if count else 0 for count in counts]
    bars = "".join(f"M{i * 5} {21 - high}h4v{high}h-4z" for i, high in enumerate(tall) if high)
    ground = "".join(f"M{i * 5} 20h4v1h-4z" for i, high in enumerate(tall) if not high)
    label = "how its newest alerts fired" if sampled else f"peak {max(counts)} firing at once"
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="strip{" strip--quiet" if quiet else ""}" viewBox="0 0 {width} 22" width="{width}" height="22"'
        f' role="img" aria-label="{label}">'
        f'<path class="zero" d="{ground}"/><path d="{bars}"/></svg>'
    )


def days(bad: Sequence[tuple[int, str, str]], label: str, count: int = 90) -> Markup:
    """The last days as bars: `bad` holds (index from the left, slow|part|down, words); good days are one quiet path."""
    heights = {"slow": 22, "part": 15, "down": 9}
    worst = {index: (state, words) for index, state, words in bad}
    good = "".join(f"M{i * 8} 0h7v32h-7z" for i in range(count) if i not in worst)
    out = [
        f'<svg class="days" viewBox="0 0 {count * 8 - 1} 32" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}"><path class="days__ok" d="{good}"/>'
    ]
    for index, (state, words) in sorted(worst.items()):
        tall = heights[state]
        out.append(
            f'<g class="day day--{state}"><title>{escape(words)}</title>'
            f'<rect x="{index * 8}" width="7" height="32" class="day__bed"/>'
            f'<rect x="{index * 8}" y="{32 - tall}" width="7" height="{tall}" rx="1.5"/></g>'
        )
    out.append("</svg>")
    return Markup("".join(out))  # noqa: S704 - numbers and escaped words
