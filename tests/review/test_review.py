"""Resolved: the review is set and invited to, the draft is written, and what comes of it is followed until it is done."""

from datetime import timedelta

import pytest
from icalendar import Calendar

from tests.building import DANA, DAY, HOUR, KOFI, MINUTE, Night
from tests.standins.smtp import SmtpStandin
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity.actor import Right, person
from tocsin.review import queries, usecases
from tocsin.timeline.facts.review import FollowupLate, PostmortemLate

KINDS = ("detection", "defence", "tests", "docs")
ARTIFACTS = ("logs", "prs", "commits", "dashboards", "chats")


def draft(night: Night) -> str:
    """The postmortem as it reads now."""
    return night.read(lambda c: queries.postmortem_markdown(c, DANA, night.id, night.clock.now()))


def add(night: Night, kind: str = "tests", owner: str | None = "ravi", due: timedelta | None = 7 * DAY) -> str:
    """A follow-up; returns its id."""
    due_at = night.clock.now() + due if due else None
    return night.write(
        lambda c, at: usecases.add_followup(c, KOFI, night.id, kind, f"Better {kind}", at, owner=owner, due_at=due_at)
    )[1]


def change(night: Night, followup_id: str, **more: object) -> None:
    """Change a follow-up."""
    night.write(lambda c, now: usecases.change_followup(c, KOFI, followup_id, now, **more))  # type: ignore[arg-type]


def test_a_follow_up_that_is_done_asks_nobody_any_more(night: Night) -> None:
    followup = add(night)
    other = add(night, kind="docs")
    night.wait(8 * DAY)
    late = [title for title in night.still_asked("ravi") if "follow-up" in title]
    assert any("Better tests" in title for title in late)
    change(night, followup, state="done")
    night.run()
    left = [title for title in night.still_asked("ravi") if "follow-up" in title]
    assert left
    assert all("Better docs" in title for title in left), other


def mark_artifacts(night: Night) -> None:
    """One link, and none of the rest."""
    for kind in ARTIFACTS:
        url = "https://grafana.example/d/1" if kind == "dashboards" else None
        night.write(
            lambda c, now, kind=kind, url=url: usecases.mark_artifact(
                c, KOFI, night.id, kind, now, available=url is not None, url=url
            )
        )


def publish(night: Night) -> None:
    """Publish the postmortem."""
    night.write(lambda c, now: usecases.publish_postmortem(c, KOFI, night.id, now))


def test_resolved_sets_the_review_within_48_hours_and_moves_to_review(night: Night) -> None:
    state = night.state
    resolved_at, review = state.incident.resolved_at, state.review
    assert resolved_at and review.due_at and review.meeting_at
    assert review.due_at - resolved_at == 48 * HOUR
    assert resolved_at < review.meeting_at <= review.due_at
    assert [phase.phase for phase in state.incident.phases][-2:] == ["resolved", "review"]
    assert review.drafted_at is not None
    (row,) = night.read(lambda c: queries.reviews(c, DANA))
    assert (row.state, row.due_at) == ("draft", review.due_at)


def test_everybody_who_had_a_role_is_invited_by_mail_with_a_calendar_entry(night: Night, smtp: SmtpStandin) -> None:
    assert set(night.state.review.invited) == {"mira", "kofi", "dana", "ravi"}
    mails = [mail for mail in smtp.mails if mail.calendar]
    assert {mail.recipients for mail in mails} == {(f"{who}@larkfield.example",) for who in night.state.review.invited}
    calendar = Calendar.from_ical(mails[0].calendar or "")
    (event,) = calendar.walk("VEVENT")
    assert str(calendar["METHOD"]) == "REQUEST"
    assert event.decoded("dtstart") == night.state.review.meeting_at.replace(microsecond=0)
    assert str(event["SUMMARY"]) == "Postmortem of INC-1: Card payments fail"
    assert {str(guest).removeprefix("mailto:") for guest in event["ATTENDEE"]} == {mail.recipients[0] for mail in mails}
    assert str(event["URL"]) == "http://tocsin.example/postmortems/1"
    part = next(each for each in mails[0].message.walk() if each.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"


def test_a_moved_meeting_is_the_same_calendar_entry_with_a_higher_sequence(night: Night, smtp: SmtpStandin) -> None:
    before = [mail for mail in smtp.to("dana@larkfield.example") if mail.calendar]
    moved = night.clock.now() + 20 * HOUR
    night.write(lambda c, now: usecases.schedule_review(c, KOFI, night.id, now, meeting_at=moved))
    night.run()
    after = [mail for mail in smtp.to("dana@larkfield.example") if mail.calendar][len(before) :]
    assert (len(before), len(after)) == (1, 1)
    old, new = (Calendar.from_ical(mail.calendar or "").walk("VEVENT")[0] for mail in (before[0], after[0]))
    assert old["UID"] == new["UID"]
    assert new["SEQUENCE"] > old["SEQUENCE"]
    assert new.decoded("dtstart") == moved.replace(microsecond=0)


def test_a_meeting_moved_twice_at_once_sends_the_last_time_only(night: Night, smtp: SmtpStandin) -> None:
    count = len([mail for mail in smtp.to("dana@larkfield.example") if mail.calendar])
    for hours in (20, 21):
        at = night.clock.now() + hours * HOUR
        night.write(lambda c, now, at=at: usecases.schedule_review(c, KOFI, night.id, now, meeting_at=at))
    night.run()
    sent = [mail for mail in smtp.to("dana@larkfield.example") if mail.calendar][count:]
    assert [Calendar.from_ical(mail.calendar or "").walk("VEVENT")[0].decoded("dtstart") for mail in sent] == [
        at.replace(microsecond=0)
    ]


def test_the_draft_has_every_decision_and_every_step_in_utc(night: Night) -> None:
    text = draft(night)
    for part in ("shopctl rollback v41", "Expected: error rate below 1 %", "Actual: 0.2 % after a minute (matched)"):
        assert part in text, part
    timeline = text.partition("## Timeline (UTC)")[2].partition("\n## ")[0]
    lines = [line for line in timeline.splitlines() if line]
    assert all(line.startswith(f"- {night.clock.now():%Y-}") and " UTC " in line for line in lines)
    for phase in night.state.incident.phases:
        assert f"{phase.entered_at:%Y-%m-%d %H:%M:%S} UTC" in timeline, phase
    assert [line[2:21] for line in lines] == sorted(line[2:21] for line in lines)
    assert "Restored: " in text and "Resolved: " in text
    assert "bought a lamp" in text or "Customers can use it again: pass" in text


def test_what_people_write_stands_in_the_postmortem_and_the_rest_is_still_asked_for(night: Night) -> None:
    words = "The new version closed its database connections too early."
    night.write(lambda c, now: usecases.save_sections(c, KOFI, night.id, {"contributing": words}, now))
    text = draft(night)
    assert words in text and "_To be written._" in text
    with pytest.raises(Invalid, match="contributing"):
        night.write(lambda c, now: usecases.save_sections(c, KOFI, night.id, {"root-cause": "x"}, now))


def test_a_late_postmortem_is_recorded_once_and_all_invited_hear_of_it(night: Night) -> None:
    night.wait(45 * HOUR)
    assert any("is due soon" in title for title in night.told("mira"))
    assert any("is due soon" in title for title in night.told("ravi"))
    night.wait(6 * HOUR)
    night.wait(5 * DAY)
    assert len(night.facts(PostmortemLate)) == 1
    for who in night.state.review.invited:
        assert sum("is late" in title and "postmortem" in title for title in night.told(who)) == 1, who


@pytest.mark.parametrize("word", [*KINDS, "defense-in-depth"])
def test_follow_ups_are_of_four_kinds(night: Night, word: str) -> None:
    add(night, word)
    (row,) = night.read(lambda c: queries.list_followups(c, DANA))
    assert row.kind == ("defence" if word.startswith("def") else word)
    assert (row.owner, row.state) == ("ravi", "open")


def test_another_kind_or_an_unknown_owner_is_refused(night: Night) -> None:
    with pytest.raises(Invalid, match="detection, defence, tests, docs"):
        add(night, "blame")
    with pytest.raises(Invalid, match="ravi"):
        add(night, owner="ravy")


def test_a_follow_up_reminds_its_owner_before_at_and_after_its_day(night: Night) -> None:
    add(night)
    night.wait(5 * DAY)
    assert [title for title in night.told("ravi") if "follow-up" in title] == [
        "A follow-up of yours is due soon: Better tests"
    ]
    night.wait(2 * DAY + MINUTE)
    assert len(night.facts(FollowupLate)) == 1
    night.wait(3 * DAY)
    told = [title.split(":")[0] for title in night.told("ravi") if "follow-up" in title]
    assert told[1:] == ["A follow-up of yours is late", "A follow-up of yours is still late"]


def test_a_follow_up_that_is_done_or_dropped_reminds_nobody(night: Night) -> None:
    done, dropped = add(night), add(night, "docs")
    change(night, done, state="done")
    with pytest.raises(Invalid, match="why it is dropped"):
        change(night, dropped, state="dropped")
    change(night, dropped, state="dropped", note="the page is gone")
    night.wait(20 * DAY)
    assert night.facts(FollowupLate) == []
    assert not any("follow-up" in title for title in night.told("ravi"))
    rows = night.read(lambda c: queries.list_followups(c, DANA, state=None))
    assert sorted(row.state for row in rows) == ["done", "dropped"]


def test_a_late_follow_up_without_owner_is_told_to_who_led(night: Night) -> None:
    add(night, owner=None)
    night.wait(7 * DAY + MINUTE)
    assert any("without owner is late" in title for title in night.told("kofi"))


def test_publishing_says_what_is_missing_and_then_closes_the_incident(night: Night) -> None:
    followup = add(night, owner=None, due=None)
    with pytest.raises(Conflict) as refused:
        publish(night)
    for part in ("Without owner or day: Better tests", "Neither added nor marked: logs, prs, commits"):
        assert part in str(refused.value)
    mark_artifacts(night)
    with pytest.raises(Conflict, match="Without owner or day"):
        publish(night)
    change(night, followup, owner="ravi", due_at=night.clock.now() + 7 * DAY)
    publish(night)
    state = night.state
    assert [phase.phase for phase in state.incident.phases][-3:] == ["resolved", "review", "closed"]
    assert state.review.published_at
    (row,) = night.read(lambda c: queries.reviews(c, DANA))
    assert row.state == "published"
    assert "*Published" in draft(night)
    with pytest.raises(Conflict, match="is published"):
        publish(night)


def test_follow_ups_go_on_after_the_incident_is_closed(night: Night) -> None:
    followup = add(night)
    mark_artifacts(night)
    publish(night)
    night.wait(8 * DAY)
    assert len(night.facts(FollowupLate)) == 1
    change(night, followup, state="done")
    assert night.read(lambda c: queries.list_followups(c, DANA)) == []


def test_an_artifact_needs_an_address_that_a_browser_opens(night: Night) -> None:
    with pytest.raises(Invalid, match="http"):
        night.write(
            lambda c, now: usecases.mark_artifact(c, KOFI, night.id, "logs", now, url="javascript:alert(1)", title="x")
        )
    with pytest.raises(Invalid, match="kinds are"):
        night.write(lambda c, now: usecases.mark_artifact(c, KOFI, night.id, "gossip", now, available=False))


def test_a_restricted_review_is_seen_by_its_members_alone(night: Night) -> None:
    from tocsin.incidents import usecases as incidents

    followup = add(night)
    night.write(lambda c, now: incidents.restrict(c, KOFI, night.id, True, now))
    sana = person("sana", "Sana Iqbal", Right.RESPONDER)
    assert night.read(lambda c: queries.reviews(c, sana)) == []
    assert night.read(lambda c: queries.list_followups(c, sana)) == []
    with pytest.raises(NotFound):
        night.read(lambda c: queries.postmortem_markdown(c, sana, night.id, night.clock.now()))
    with pytest.raises(NotFound):
        night.write(lambda c, now: usecases.change_followup(c, sana, followup, now, state="done"))
