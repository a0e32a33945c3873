"""What others read of pages: live ones, one with its log, whether people can be reached."""

from tocsin.paging.queries.live import (
    counts,
    first_paged_at,
    log_line,
    open_link,
    others_were_asked,
    page_detail,
    page_of_subject,
    pages_for,
    pages_list,
    pages_of_groups,
    reminders_of,
)
from tocsin.paging.queries.people import name_of, names, reachable
from tocsin.paging.queries.views import LogLine, OpenedLink, PageDetail, PageView

__all__ = [
    "LogLine",
    "OpenedLink",
    "PageDetail",
    "PageView",
    "counts",
    "first_paged_at",
    "log_line",
    "name_of",
    "names",
    "open_link",
    "others_were_asked",
    "page_detail",
    "page_of_subject",
    "pages_for",
    "pages_list",
    "pages_of_groups",
    "reachable",
    "reminders_of",
]
