"""Runs blocking work of queries in threads, and ends it when nobody waits any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

CONCURRENT_QUERIES = 5
"""As many as Azure runs at once for one user; the others wait their turn."""

INTERRUPT_AGAIN_S = 0.05

T = TypeVar("T")


class QueryThreads:
    """A few threads of their own, so that queries never take those of anything else."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(CONCURRENT_QUERIES, thread_name_prefix="embedded-query")

    async def run(
        self,
        work: Callable[[], T],
        *,
        interrupt: Callable[[], None] | None = None,
        discard: Callable[[T], None] | None = None,
    ) -> T:
        """Run `work` in a thread.

        A caller that is cancelled interrupts it and waits until it has ended. With `discard` the
        caller does not wait: what the work returns in the end goes there.
        """
        job = self._pool.submit(work)
        future = asyncio.wrap_future(job)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if discard:
                _leave(job, discard)
            else:
                await _end(job, future, interrupt)
            raise

    def close(self) -> None:
        """Take no more work and wait for what is running."""
        self._pool.shutdown(cancel_futures=True)


def _leave(job: Future[T], discard: Callable[[T], None]) -> None:
    def ended(job: Future[T]) -> None:
        if not job.cancelled() and job.exception() is None:
            discard(job.result())

    if not job.cancel():
        job.add_done_callback(ended)


def _hear(future: asyncio.Future[T]) -> None:
    if not future.cancelled():
        future.exception()


async def _end(
    job: Future[T], future: asyncio.Future[T], interrupt: Callable[[], None] | None
) -> None:
    if job.cancel():
        return
    # What the interrupted work raises concerns nobody; unheard, asyncio would log a traceback.
    future.add_done_callback(_hear)
    while not job.done():
        # Again and again: DuckDB forgets an interrupt that comes while nothing runs, and the
        # thread may still be translating.
        if interrupt:
            interrupt()
        try:
            await asyncio.wait({future}, timeout=INTERRUPT_AGAIN_S)
        except asyncio.CancelledError:
            # The first cancellation is raised on; leaving now would close the connection under
            # the thread.
            continue
