"""Each alert says in one sentence why it did or did not page."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.paging.why import Standing, why

NOW = datetime(2026, 11, 19, 14, 3, tzinfo=UTC)
TEXTS = st.sampled_from(["", "the routing rule 'shop' matches", "silenced by Dana Ruiz until 15:00 UTC (migration)"])
MOMENTS = st.none() | st.integers(-60, 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@given(
    st.builds(
        Standing,
        fires=st.booleans(),
        routed=st.sampled_from(["", "Pages by the policy 'shop': no routing rule matches."]),
        urgency=st.sampled_from(["page", "notify", "record"]),
        quiet=TEXTS,
        snoozed_until=MOMENTS,
        incident=st.sampled_from(["", "INC-147"]),
        page=st.sampled_from(["", "open", "acknowledged", "ended"]),
        holder=st.sampled_from(["", "Dana Ruiz"]),
        since=MOMENTS,
        ended_why=st.sampled_from(["", "its alerts are resolved."]),
    )
)
def test_there_is_always_a_whole_sentence(standing: Standing) -> None:
    said = why(standing, NOW)
    assert re.fullmatch(r"[A-Z].*[^.]\.", said, re.DOTALL), said
    assert ".." not in said
    if standing.quiet:
        assert said.startswith("It pages nobody: ")


@pytest.mark.parametrize(
    ("standing", "says"),
    [
        (Standing(quiet="maintenance of Ledger (weekly)"), "It pages nobody: maintenance of Ledger (weekly)."),
        (Standing(urgency="record", routed="Recorded only: info."), "Recorded only: info."),
        (
            Standing(page="acknowledged", holder="Dana Ruiz", since=NOW),
            "It paged, and Dana Ruiz has it since 14:03 UTC; it does so again only when it gets worse.",
        ),
        (
            Standing(page="ended", ended_why="its alerts are resolved"),
            "It paged; that is over: its alerts are resolved.",
        ),
        (Standing(page="open", routed="Pages by 'shop': default."), "Pages by 'shop': default. Nobody has it yet."),
        (Standing(snoozed_until=NOW + timedelta(hours=1)), "It pages nobody until 15:03 UTC: its group is snoozed."),
        (Standing(fires=False), "It paged nobody: it was over before anybody was needed."),
    ],
)
def test_the_sentence_names_what_decided(standing: Standing, says: str) -> None:
    assert why(standing, NOW) == says
