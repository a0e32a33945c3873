"""What can be done with pages; each function is one transaction or part of one.

For other stages
----------------
* `incidents` and later ones stand above this stage and may call `open_page(connection, OpenPage(...), now)` and
  `withdraw_page(connection, subject_kind, subject_id, why, now)` in their own transaction. Or they owe the tasks
  `open_page` (payload: `OpenPage(...).model_dump(mode="json")`, `paging=True`) and `withdraw_page` (`WithdrawPage`).
  Role: `subject_kind="role", subject_id=f"{incident_id}:{role}"`; team: `"team", f"{incident_id}:{team}"`; regression:
  `"regression", incident_id`; a person by hand: `page_person(...)`, its own subject. `to=(Target(schedule="primary"),)`
  pages whom it names and then climbs `policy`; with neither, the default policy.
* On declare, link and when restriction changes: `link_pages_to_incident(connection, group_ids, incident_id,
  restricted, practice, now)`. Each row of the log of a page with an incident owes the task `page_entry`
  {incident_id, page_id, log_seq}; its handler reads the row by `queries.log_line(connection, page_id, log_seq)`.
* `alerts` owes the task `look_at_group` for subject `group` (payload {}).
* `app` hands `page_last_resort` to the loop.
"""

from tocsin.paging.usecases.answering import (
    Acknowledged,
    acknowledge_page,
    end_page,
    note_on_page,
    pass_on_page,
    snooze_page,
    withdraw_page,
)
from tocsin.paging.usecases.contact import (
    Added,
    MethodView,
    add_method,
    list_methods,
    prove_method,
    remove_method,
    reorder_methods,
    send_code,
    test_method,
    verify_method,
)
from tocsin.paging.usecases.contact_rules import list_rules, set_rules
from tocsin.paging.usecases.groups import link_page, link_pages_to_incident
from tocsin.paging.usecases.handing import ask_to_help, decline_page, reassign_page
from tocsin.paging.usecases.ledger import owe_page_entries
from tocsin.paging.usecases.many import Answered, acknowledge_as_told, acknowledge_pages, pass_on_as_told
from tocsin.paging.usecases.opening import open_page, page_last_resort, page_person

__all__ = [
    "Acknowledged",
    "Added",
    "Answered",
    "MethodView",
    "acknowledge_as_told",
    "acknowledge_page",
    "acknowledge_pages",
    "add_method",
    "ask_to_help",
    "decline_page",
    "end_page",
    "link_page",
    "link_pages_to_incident",
    "list_methods",
    "list_rules",
    "note_on_page",
    "open_page",
    "owe_page_entries",
    "page_last_resort",
    "page_person",
    "pass_on_as_told",
    "pass_on_page",
    "prove_method",
    "reassign_page",
    "remove_method",
    "reorder_methods",
    "send_code",
    "set_rules",
    "snooze_page",
    "test_method",
    "verify_method",
    "withdraw_page",
]
