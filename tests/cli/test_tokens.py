"""Whose a token is that was made on the server's own machine."""

import pytest
from click import UsageError

from tocsin.cli.commands.tokens import _administrator
from tocsin.clock import SystemClock
from tocsin.identity.accounts import Account
from tocsin.identity.actor import Right


def account(person: str, right: Right, *, left: bool = False) -> Account:
    now = SystemClock().now()
    return Account(person, person.title(), None, right, False, now, now if left else None)


def test_the_only_active_administrator_has_it() -> None:
    people = [account("ada", Right.ADMIN), account("kofi", Right.RESPONDER), account("ida", Right.ADMIN, left=True)]
    assert _administrator(people) == "ada"
    assert _administrator([]) is None


def test_with_several_it_says_which_to_name() -> None:
    with pytest.raises(UsageError, match="--person ada or --person dana"):
        _administrator([account("dana", Right.ADMIN), account("ada", Right.ADMIN)])
