"""What the engine runs for this stage."""

from urllib.parse import urlsplit

from tocsin.clients.addresses import Allowed
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.engine.work import Registry
from tocsin.paging import methods
from tocsin.paging import page as rules
from tocsin.paging.methods import Means
from tocsin.paging.usecases import senders, watching
from tocsin.paging.usecases.answering import end_snooze, handle_withdraw_page, look_after_unattended, tidy_page
from tocsin.paging.usecases.climbing import PAGED_LATE, carry_out_step
from tocsin.paging.usecases.groups import LOOK, look_at_group
from tocsin.paging.usecases.opening import handle_open_page
from tocsin.paging.usecases.reachability import tell_the_unreachable
from tocsin.paging.usecases.sending import ContactSender, OverSender, PageSender, ShadowSender

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
    registry.deadline(rules.STEP, carry_out_step, at_once=True)
    registry.deadline(rules.UNATTENDED, look_after_unattended)
    registry.deadline(rules.SNOOZE_OVER, end_snooze)
    registry.deadline(rules.TIDY, tidy_page)
    registry.task(PAGED_LATE, watching.page_for_lateness)
    registry.deadline(watching.CANARY, watching.send_canary)
    registry.deadline(watching.CANARY_BACK, watching.look_for_canary)
    registry.sender(watching.CANARY, watching.CanarySender(_to_ourselves(public_url), public_url))
    loaded = methods.load(means)
    registry.sender("page", PageSender(loaded, public_url))
    over = OverSender(loaded, public_url)
    registry.sender("page_over", over)
    registry.sender("page_passed", over)
    registry.sender("page_shadow", ShadowSender(loaded, public_url))
    contact = ContactSender(loaded, public_url)
    registry.sender("contact_code", contact)
    registry.sender("contact_test", contact)
    registry.lane("screen", _SCREENS_AT_ONCE)


def _to_ourselves(public_url: str) -> GuardedHttp:
    """The operator's own address may be a private one."""
    host = urlsplit(public_url).hostname
    return GuardedHttp(Allowed.parse([host] if host else []))
