"""A night played through the pure interpreter: invented people, a simulated clock, the timeline that it would make."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from tocsin.runbook.bundle import Bundle
from tocsin.runbook.clocks import Clock, clocks
from tocsin.runbook.events import services_of
from tocsin.runbook.gates import missing, opens_by_itself
from tocsin.runbook.interpret import OwedEffect, effects
from tocsin.runbook.night import CAST, SERVICE, START, fired, first_hours, happens
from tocsin.timeline.entry import ActorRef, Entry, Fact
from tocsin.timeline.facts.incidents import PhaseChanged, RuleFailed
from tocsin.timeline.facts.recovery import CheckDefined, HoldStarted, WatchStarted
from tocsin.timeline.state import IncidentState, apply

LONGEST = timedelta(days=14)
MOST_ENTRIES = 400

TOCSIN = ActorRef(kind="system", id="tocsin", name="Tocsin")


def simulate(text: str, severity: int = 1) -> str:
    """The timeline of an invented night at a severity; raises RunbookError when the runbook can't be read."""
    bundle = Bundle.of(text)
    entries = play(bundle, severity)
    declared = entries[0].happened_at
    lines = [f"{bundle.base.title}: a night at Sev{severity}, played. Times are UTC.", ""]
    for entry in entries:
        offset = _offset(entry.happened_at - declared)
        sentence = entry.fact.sentence(_name_of)
        who = "Tocsin:" if entry.actor.kind == "system" else entry.actor.name
        lines.append(f"{entry.happened_at:%d %b %H:%M:%S}  {offset:>10}  {who} {sentence}")
    return "\n".join(lines) + "\n"


def play(bundle: Bundle, severity: int) -> list[Entry]:
    """Every entry of the night, in order."""
    return Night(bundle, severity).run()


class Night:
    """The state, what people will do, and the clocks; the earliest of both happens next."""

    def __init__(self, bundle: Bundle, severity: int) -> None:
        self.bundle, self.now, self.entries = bundle, START, list[Entry]()
        self.state = IncidentState()
        self._order = count()
        self._coming: list[tuple[datetime, int, str, Callable[[IncidentState], Fact | None]]] = []
        self._fired: set[tuple[str, str]] = set()
        for after, who, act in first_hours(severity, bundle):
            self.plan(START + after, who, act)

    def plan(self, at: datetime, who: str, act: Callable[[IncidentState], Fact | None]) -> None:
        """Somebody will do something, if it still makes sense then."""
        heapq.heappush(self._coming, (at, next(self._order), who, act))

    def run(self) -> list[Entry]:
        """Plays to the end: until nothing more comes, or the story has gone on for two weeks."""
        while len(self.entries) < MOST_ENTRIES:
            clock = self._next_clock()
            if clock is not None and (not self._coming or clock.due_at <= self._coming[0][0]):
                if clock.due_at - START > LONGEST:
                    break
                self.now = max(self.now, clock.due_at)
                self._fired.add((clock.kind, clock.key))
                fact = fired(clock, self.state, self.bundle)
                if fact is not None:
                    self.append(TOCSIN, fact)
            elif self._coming:
                at, _, who, act = heapq.heappop(self._coming)
                self.now = max(self.now, at)
                fact = act(self.state)
                if fact is not None:
                    self.append(_person(who), fact)
            else:
                break
        return self.entries

    def append(self, actor: ActorRef, fact: Fact) -> None:
        """Records a fact; then what the runbook makes of it happens, and gates that are met open."""
        entry = Entry(
            incident_id="night",
            seq=self.state.seq + 1,
            id=str(self.state.seq + 1),
            actor=actor,
            happened_at=self.now,
            recorded_at=self.now,
            fact=fact,
            hash="",
        )
        self.state = apply(self.state, entry)
        self.entries.append(entry)
        if len(self.entries) >= MOST_ENTRIES:
            return
        for outcome in effects(self.state, entry, self.bundle):
            if isinstance(outcome, OwedEffect):
                for after, who, act in happens(outcome, self.state, self.bundle):
                    self.plan(self.now + after, who, act)
            else:
                self.append(TOCSIN, RuleFailed(rule=outcome.rule, error=outcome.error))
        self._follow(entry)

    def _follow(self, entry: Entry) -> None:
        """What the stages do after each entry: criteria, windows and phases."""
        runbook = self.bundle.effective(services_of(self.state))
        recovery = self.state.recovery
        if entry.kind == "declared":
            for spec in self.bundle.checks_for([SERVICE]):
                self.append(TOCSIN, CheckDefined(check=spec, origin="runbook"))
        resolved = runbook.gates.get("resolved")
        watching = runbook.gates.get("watching")
        phase = self.state.incident.phase
        if (
            phase == "restoring"
            and recovery.all_pass
            and recovery.hold_started_at is None
            and watching
            and watching.hold
        ):
            self.append(TOCSIN, HoldStarted(seconds=int(watching.hold.total_seconds())))
        elif phase == "watching" and recovery.watch_started_at is None and resolved and resolved.watch:
            self.append(TOCSIN, WatchStarted(seconds=int(resolved.watch.total_seconds())))
        elif entry.kind == "watch_passed" and not missing(self.state, runbook, "resolved", confirmed=True):
            self.plan(self.now + timedelta(minutes=2), "commander", _resolve)
        elif (following := opens_by_itself(self.state, runbook)) is not None:
            self.append(TOCSIN, PhaseChanged(phase=following, previous=phase, automatic=True))

    def _next_clock(self) -> Clock | None:
        return next(
            (
                clock
                for clock in clocks(self.state, self.bundle, self.now)
                if (clock.kind, clock.key) not in self._fired
            ),
            None,
        )


def _resolve(state: IncidentState) -> Fact | None:
    if state.incident.phase != "watching":
        return None
    return PhaseChanged(phase="resolved", previous="watching", reason="The watch ended without regression.")


def _person(who: str) -> ActorRef:
    if who == "tocsin":
        return TOCSIN
    return ActorRef(kind="person", id=who, name=CAST.get(who, who), person_id=who)


def _name_of(name: str) -> str:
    return CAST.get(name, name)


def _offset(elapsed: timedelta) -> str:
    """`T+18:39`, with hours where there are any."""
    seconds = int(elapsed.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"T{sign}{hours}:{minutes:02}:{seconds:02}" if hours else f"T{sign}{minutes:02}:{seconds:02}"
