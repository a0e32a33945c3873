"""Who will be on call and could not be reached hears of it before."""

from tests.paging.conftest import Night
from tocsin.engine.work import Job
from tocsin.paging.usecases.reachability import tell_the_unreachable


def look(night: Night) -> None:
    job = Job("1", "look_at_reachability", "schedule", "primary", "k", {}, night.clock.now(), 1)
    night.write(lambda c, now: tell_the_unreachable(c, job, now))
    night.settle()


def test_who_has_no_verified_method_is_told_with_the_last_resort_and_nobody_else(night: Night) -> None:
    look(night)
    assert night.page().title == "Dana Reyes is on call and has no verified method"
    assert night.page().urgency == "notify"
    assert night.log("step") == [("step", "dana"), ("step", "ada")]
    look(night)
    assert len(night.pages()) == 1


def test_who_has_one_hears_nothing(night: Night) -> None:
    night.mail("dana")
    look(night)
    assert night.pages() == []
