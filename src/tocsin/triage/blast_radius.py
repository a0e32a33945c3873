"""Who calls the failing services and what they call, over the catalog's dependencies. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Side = Literal["caller", "origin", "callee"]


@dataclass(frozen=True)
class Neighbour:
    """A service around the failing ones: `distance` in calls from the nearest of them (0: itself)."""

    service: str
    side: Side
    distance: int


@dataclass(frozen=True)
class BlastRadius:
    """Left to right: who calls (farthest first), the origin, what it calls (nearest first); edges go caller, callee."""

    callers: tuple[Neighbour, ...]
    origins: tuple[Neighbour, ...]
    callees: tuple[Neighbour, ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def services(self) -> tuple[str, ...]:
        """Every service in it."""
        return tuple(each.service for each in (*self.callers, *self.origins, *self.callees))


def blast_radius(origins: Iterable[str], depends_on: Mapping[str, Iterable[str]], reach: int = 2) -> BlastRadius:
    """The neighbourhood of the failing services, at most `reach` calls away; cycles and unknown names do no harm."""
    failing = tuple(dict.fromkeys(origins))
    called_by: dict[str, list[str]] = {}
    for caller, callees in depends_on.items():
        for callee in callees:
            called_by.setdefault(callee, []).append(caller)
    callees = _around(failing, depends_on, reach)
    callers = {name: far for name, far in _around(failing, called_by, reach).items() if name not in callees}
    shown = {*failing, *callees, *callers}
    edges = {(caller, callee) for caller in shown for callee in depends_on.get(caller, ()) if callee in shown}
    return BlastRadius(
        callers=tuple(
            Neighbour(name, "caller", far)
            for name, far in sorted(callers.items(), key=lambda each: (-each[1], each[0]))
        ),
        origins=tuple(Neighbour(name, "origin", 0) for name in failing),
        callees=tuple(
            Neighbour(name, "callee", far) for name, far in sorted(callees.items(), key=lambda each: (each[1], each[0]))
        ),
        edges=tuple(sorted(edges)),
    )


def dependencies_of(origins: Iterable[str], depends_on: Mapping[str, Iterable[str]], reach: int = 2) -> dict[str, int]:
    """The failing services (0) and what they stand on, each with its distance in calls."""
    failing = tuple(dict.fromkeys(origins))
    return dict.fromkeys(failing, 0) | _around(failing, depends_on, reach)


def _around(origins: tuple[str, ...], edges: Mapping[str, Iterable[str]], reach: int) -> dict[str, int]:
    found: dict[str, int] = {}
    waiting = deque((origin, 0) for origin in origins)
    while waiting:
        name, far = waiting.popleft()
        if far >= reach:
            continue
        for neighbour in edges.get(name, ()):
            if neighbour not in found and neighbour not in origins:
                found[neighbour] = far + 1
                waiting.append((neighbour, far + 1))
    return found
