"""What others read of pages: live ones, one with its log, whether people can be reached."""

from tocsin.paging.queries.live import (
    LogLine,
    OpenedLink,
    PageDetail,
    PageView,
    counts,
    first_paged_at,
    log_line,
    open_link,
    page_detail,
    page_of_subject,
    pages_for,
    pages_list,
    pages_of_groups,
)
from tocsin.paging.queries.people import name_of, names, reachable

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
    "page_detail",
    "page_of_subject",
    "pages_for",
    "pages_list",
    "pages_of_groups",
    "reachable",
]
