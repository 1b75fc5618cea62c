# SPDX-License-Identifier: Apache-2.0
"""Waiting for a run while an event loop goes on."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sabot.execution.run import Run

__all__ = ["execute_async"]


async def execute_async(run: Run) -> dict[str, Any]:
    """Execute a run in a thread of its own; canceling the task cancels the run.

    The thread is a daemon: a forgotten endless run does not keep the interpreter from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[dict[str, Any]] = loop.create_future()

    def tell(result: dict[str, Any] | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            assert result is not None
            future.set_result(result)

    def work() -> None:
        try:
            outcome: tuple[dict[str, Any] | None, BaseException | None] = (run.execute(), None)
        except BaseException as error:
            outcome = (None, error)
        try:
            loop.call_soon_threadsafe(tell, *outcome)
        except RuntimeError:
            pass  # the loop is closed, nobody waits

    threading.Thread(target=work, name="sabot-run", daemon=True).start()
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        run.stop("cancel")
        try:
            await future
        except BaseException:
            pass  # it was canceled; the cancellation goes on
        raise
