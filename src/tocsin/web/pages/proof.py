"""The proof of page: for each page that was owed, to whom, by what it went, whether it came, and how late."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.paging.methods import kinds
from tocsin.paging.proof import State
from tocsin.paging.queries.proof import LedgerRow, ledger
from tocsin.web import format as say
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Verdict

_WORDS: Mapping[State, Verdict] = {
    "acknowledged": Verdict("pass", "Acknowledged"),
    "arrived": Verdict("pass", "Arrived"),
    "taken": Verdict("pass", "Taken by the provider"),
    "not needed": Verdict("skip", "Not needed any more"),
    "waiting": Verdict("wait", "Waiting"),
    "not reached": Verdict("fail", "Not reached"),
}


@dataclass(frozen=True)
class ProofLine:
    """One line of the ledger."""

    page_id: str
    title: str
    who: str
    owed_at: datetime
    by: str
    verdict: Verdict
    late: str
    why_not: str


@dataclass(frozen=True)
class ProofView:
    """The whole page; `sentence` sums up what is shown."""

    sentence: str
    lines: tuple[ProofLine, ...]
    next: str
    person: str


def load_proof(asked: Asked) -> Answer:
    """Newest first; `?person=ID&before=PAGE`."""
    person = asked.query.get("person", "").strip()
    found = ledger(
        asked.connection, asked.actor, person=person or None, before=asked.query.get("before"), most_pages=50
    )
    known = people.names(asked.connection)
    lines = tuple(_line(row, known.of(row.proof.person), asked.now) for row in found.rows)
    counted = Counter(row.proof.state for row in found.rows)
    owed = say.figure(len(lines), "page owed", "pages owed")
    sentence = f"{owed}: {say.listed(f'{counted[state]} {state}' for state in _WORDS if counted[state])}"
    view = ProofView(sentence if lines else "Nothing was owed yet", lines, found.next or "", person)
    return Answer(view, frozenset({"pages"}), live=False)


def _line(row: LedgerRow, who: str, now: datetime) -> ProofLine:
    proof, late = row.proof, row.proof.late(now)
    method = kinds().get(proof.method or "")
    return ProofLine(
        row.page_id,
        row.title,
        who,
        proof.owed_at,
        method.label if method else (proof.method or ""),
        _WORDS[proof.state],
        "" if late is None else "at once" if late.total_seconds() < 1 else say.duration(late),
        proof.why_not or "",
    )


SCREEN = Screen("/proof", "settings", "settings/proof.html", load_proof)
