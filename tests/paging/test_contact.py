"""How people say where they can be reached, and prove that it is theirs."""

from datetime import timedelta

import pytest

from tests.paging.conftest import Night, pages_by_mail
from tests.standins.receiver import NtfyStandin
from tests.standins.smtp import SmtpStandin
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity.actor import Right
from tocsin.paging import methods, queries, usecases


def add(night: Night, who: str, kind: str, target: str) -> str:
    return str(night.write(lambda c, now: usecases.add_method(c, night.actor(who), who, kind, target, now)).id)


def verify(night: Night, who: str, method: str, code: str) -> None:
    night.write(lambda c, now: usecases.verify_method(c, night.actor(who), method, code, now))


def code_in(smtp: SmtpStandin, who: str) -> str:
    return smtp.to(f"{who}@example.com")[-1].subject.rpartition(" ")[2]


def mine(night: Night, who: str) -> list[usecases.MethodView]:
    return night.database.read(lambda c: usecases.list_methods(c, night.actor(who), who))


def test_a_method_is_good_once_the_code_that_it_brought_was_entered(night: Night, smtp: SmtpStandin) -> None:
    method = add(night, "dana", "email", "dana@example.com")
    night.settle()
    assert not night.database.read(lambda c: queries.reachable(c, "dana"))
    with pytest.raises(Invalid, match="not the code"):
        verify(night, "dana", method, "AAAA-AAAA")
    verify(night, "dana", method, code_in(smtp, "dana").lower().replace("-", " "))
    assert night.database.read(lambda c: queries.reachable(c, "dana"))
    night.group()
    assert pages_by_mail(smtp, "dana")[-1] == "Checkout is failing"


def test_a_code_is_good_for_half_an_hour_and_a_new_one_voids_it(night: Night, smtp: SmtpStandin) -> None:
    method = add(night, "dana", "email", "dana@example.com")
    night.settle()
    first = code_in(smtp, "dana")
    with pytest.raises(Conflict, match="half a minute"):
        night.write(lambda c, now: usecases.send_code(c, night.actor("dana"), method, now))
    night.pass_time(minutes=31)
    with pytest.raises(Invalid, match="too old"):
        verify(night, "dana", method, first)
    night.write(lambda c, now: usecases.send_code(c, night.actor("dana"), method, now))
    night.settle()
    with pytest.raises(Invalid):
        verify(night, "dana", method, first)
    verify(night, "dana", method, code_in(smtp, "dana"))


def test_the_test_button_tells_what_became_of_it(night: Night, smtp: SmtpStandin) -> None:
    method = night.method("dana", "email", "dana@example.com")
    night.write(lambda c, now: usecases.test_method(c, night.actor("dana"), method, now))
    night.settle()
    assert smtp.to("dana@example.com")[-1].subject.startswith("Test:")
    (view,) = mine(night, "dana")
    assert (view.last_state, view.last_proven_at) == ("sent", night.clock.now())
    with pytest.raises(Conflict, match="ten seconds"):
        night.write(lambda c, now: usecases.test_method(c, night.actor("dana"), method, now))
    night.clock.advance(timedelta(minutes=1))
    smtp.refuse()
    night.write(lambda c, now: usecases.test_method(c, night.actor("dana"), method, now))
    night.settle()
    (view,) = mine(night, "dana")
    assert view.last_state == "failed" and "550" in str(view.last_error)


def test_an_unproved_method_can_not_be_tested(night: Night) -> None:
    method = add(night, "dana", "email", "dana@example.com")
    with pytest.raises(Conflict, match="code"):
        night.write(lambda c, now: usecases.test_method(c, night.actor("dana"), method, now))


def test_methods_are_tried_in_the_order_that_their_owner_sets(
    night: Night, smtp: SmtpStandin, ntfy: NtfyStandin
) -> None:
    mail = night.method("dana", "email", "dana@example.com")
    push = night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    night.write(lambda c, now: usecases.reorder_methods(c, night.actor("dana"), "dana", [push, mail], now))
    assert [view.id for view in mine(night, "dana")] == [push, mail]
    night.group()
    assert len(ntfy.messages("dana-phone")) == 1
    assert pages_by_mail(smtp, "dana") == []
    with pytest.raises(Invalid):
        night.write(lambda c, now: usecases.reorder_methods(c, night.actor("dana"), "dana", [push], now))


def test_a_method_removed_before_it_was_used_gives_way_to_the_next(
    night: Night, smtp: SmtpStandin, ntfy: NtfyStandin
) -> None:
    mail = night.method("dana", "email", "dana@example.com")
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    smtp.refuse_for_now()
    night.group()
    night.write(lambda c, now: usecases.remove_method(c, night.actor("dana"), mail, now))
    night.pass_time(seconds=10)
    assert len(ntfy.messages("dana-phone")) == 1
    assert "the method was removed" in night.texts("skipped")
    assert len(mine(night, "dana")) == 1


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("email", "dana"),
        ("email", "a@b, c@d"),
        ("email", "dana@example.com\nBcc: x@y"),
        ("ntfy", "https://ntfy.sh/"),
        ("ntfy", "https://ntfy.sh/a topic"),
        ("ntfy", "ftp://ntfy.sh/topic"),
        ("webhook", "javascript:alert(1)"),
        ("webhook", "https://x.example/ shh"),
        ("screen", "x"),
        ("pigeon", "x"),
    ],
)
def test_what_can_not_be_an_address_is_refused_with_the_field(night: Night, kind: str, target: str) -> None:
    with pytest.raises(Invalid) as raised:
        add(night, "dana", kind, target)
    assert raised.value.mistakes[0].field in ("target", "kind", "")


def test_the_same_address_twice_and_a_stranger_are_refused(night: Night) -> None:
    add(night, "dana", "email", "dana@example.com")
    with pytest.raises(Conflict, match="there already"):
        add(night, "dana", "email", "dana@example.com")
    with pytest.raises(NotFound):
        add(night, "stranger", "email", "s@example.com")


def test_one_sets_ones_own_methods_and_a_manager_those_of_others(night: Night) -> None:
    method = add(night, "dana", "email", "dana@example.com")
    with pytest.raises(Forbidden):
        night.write(lambda c, now: usecases.remove_method(c, night.actor("kofi"), method, now))
    shown = night.database.read(lambda c: usecases.list_methods(c, night.actor("kofi"), "dana"))
    assert shown[0].target == ""
    night.write(lambda c, now: usecases.remove_method(c, night.actor("ada", Right.MANAGER), method, now))
    assert mine(night, "dana") == []


def test_every_file_of_the_methods_folder_is_found_by_its_name() -> None:
    assert set(methods.kinds()) >= {"screen", "email", "ntfy", "webhook"}
    assert all(kind == method.kind for kind, method in methods.kinds().items())
