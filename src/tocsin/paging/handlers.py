"""What the engine runs for this stage."""

from tocsin.engine.work import Registry
from tocsin.paging import methods
from tocsin.paging import page as rules
from tocsin.paging.methods import Means
from tocsin.paging.usecases import senders
from tocsin.paging.usecases.answering import end_snooze, handle_withdraw_page, look_after_unattended, tidy_page
from tocsin.paging.usecases.climbing import carry_out_step
from tocsin.paging.usecases.groups import LOOK, look_at_group
from tocsin.paging.usecases.opening import handle_open_page
from tocsin.paging.usecases.reachability import tell_the_unreachable
from tocsin.paging.usecases.sending import ContactSender, OverSender, PageSender

OPEN_PAGE, WITHDRAW_PAGE = "open_page", "withdraw_page"
_SCREENS_AT_ONCE = 8


def register(registry: Registry, means: Means, public_url: str) -> None:
    """Register tasks, deadlines and senders. `public_url` is what links begin with."""
    registry.task(OPEN_PAGE, handle_open_page)
    registry.task(WITHDRAW_PAGE, handle_withdraw_page)
    registry.task(LOOK, look_at_group)
    registry.task("look_at_reachability", tell_the_unreachable)
    registry.task("sender.acknowledge", senders.acknowledge)
    registry.task("sender.unacknowledge", senders.unacknowledge)
    registry.task("sender.note", senders.note)
    registry.task("sender.snooze", senders.snooze)
    registry.task("sender.assign", senders.assign)
    registry.deadline(rules.STEP, carry_out_step)
    registry.deadline(rules.UNATTENDED, look_after_unattended)
    registry.deadline(rules.SNOOZE_OVER, end_snooze)
    registry.deadline(rules.TIDY, tidy_page)
    loaded = methods.load(means)
    registry.sender("page", PageSender(loaded, public_url))
    registry.sender("page_over", OverSender(loaded, public_url))
    contact = ContactSender(loaded, public_url)
    registry.sender("contact_code", contact)
    registry.sender("contact_test", contact)
    registry.lane("screen", _SCREENS_AT_ONCE)
