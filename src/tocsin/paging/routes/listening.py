"""What people answer in Matrix: reactions under pages and replies, heard by one long question after another.

Every process listens; each answer is carried out once, by the id of its event.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from tocsin.clients.declining import Declined
from tocsin.clients.matrix import Matrix, Said
from tocsin.identity.actor import Actor, Right
from tocsin.identity.commands import once
from tocsin.paging.methods.matrix import ACKNOWLEDGE, PAGE, PASS_ON
from tocsin.paging.usecases import replies
from tocsin.store.database import Database

_WAITS = 30.0
_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)
_DO = {
    ACKNOWLEDGE: replies.ACKNOWLEDGE, "👍": replies.ACKNOWLEDGE, "✔": replies.ACKNOWLEDGE, "👀": replies.ACKNOWLEDGE,
    PASS_ON: replies.PASS_ON, "⏭": replies.PASS_ON, "👎": replies.PASS_ON,
}  # fmt: skip
_LISTENER = Actor("system", "matrix", "Matrix", Right.RESPONDER)
_log = logging.getLogger(__name__)


class MatrixListener:
    """Listens from `start` to `stop`."""

    def __init__(self, database: Database, matrix: Matrix) -> None:
        self._database, self._matrix = database, matrix
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def hear(self, since: str | None, seconds: float = _WAITS) -> str:
        """Ask once what was said, and carry it out; where to go on from."""
        following, said = await self._matrix.listen(since, seconds)
        for each in said:
            await self._answer(each)
        return following

    async def _listen(self) -> None:
        since: str | None = None
        failed = 0
        while True:
            try:
                since = await self.hear(since)
                failed = 0
            except Declined as error:
                _log.warning("answers in Matrix can't be heard: %s", error.message)
                await asyncio.sleep(max(error.retry_after or 0, _PAUSES[min(failed, len(_PAUSES) - 1)]))
                failed += 1
            except Exception:
                _log.exception("an answer in Matrix was lost; the page's link still works")
                await asyncio.sleep(_PAUSES[0])

    async def _answer(self, said: Said) -> None:
        page = ""
        if said.about is not None:
            if said.text not in _DO:
                return
            page = str((await self._matrix.message(said.room, said.about)).get(PAGE) or "")
            if not page:
                return

        def work(connection: Connection, now: datetime) -> str:
            def act() -> str:
                if said.about is not None:
                    return replies.answer_by_page(connection, "matrix", said.sender, page, _DO[said.text], now)
                return replies.answer_by_text(connection, "matrix", said.sender, said.text, now) or ""

            told, again = once(connection, _LISTENER, said.event_id, b"", now, act)
            return "" if again else str(told)

        told = await self._database.write_async(work)
        if told:
            content = {"msgtype": "m.notice", "body": told}
            await self._matrix.direct_message(said.sender, f"answer.{said.event_id}", content)
