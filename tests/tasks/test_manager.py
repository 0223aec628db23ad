"""The task manager through its public methods; time is events, not seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from sentinel_mcp.errors import Busy, NotFound, TimedOut, Unavailable
from sentinel_mcp.tasks.manager import Lane, Progress, TaskInfo, TaskManager

LONG_S = 60.0


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def manager(
    queries: int = 2, max_waiting: int = 200, clock: Clock | None = None, watch_every_s: float = 0
) -> AsyncGenerator[TaskManager]:
    made = TaskManager(
        {Lane.QUERY: queries, Lane.MANAGEMENT: 1},
        max_waiting=max_waiting,
        now=clock or Clock(),
        watch_every_s=watch_every_s,
    )
    try:
        yield made
    finally:
        await made.aclose()


class Gate:
    """Work that ends when it is let go, and notes who has entered and who was cancelled."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered: list[int] = []
        self.cancelled: list[int] = []
        self.changed = asyncio.Condition()

    def work(self, number: int):
        async def pass_through(_: Progress) -> int:
            self.entered.append(number)
            async with self.changed:
                self.changed.notify_all()
            try:
                await self.open.wait()
            except asyncio.CancelledError:
                self.cancelled.append(number)
                raise
            return number

        return pass_through

    async def until_entered(self, count: int) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.entered) >= count)


async def settle() -> None:
    """Let everything that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_no_more_run_at_once_than_the_lane_allows_and_the_rest_keep_their_order() -> None:
    gate = Gate()
    async with manager(queries=2) as tasks, asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(
                tasks.run("query", gate.work(number), lane=Lane.QUERY, deadline_s=LONG_S)
            )
        await settle()
        assert gate.entered == [0, 1]
        gate.open.set()

    assert gate.entered == [0, 1, 2, 3, 4]


async def test_a_full_lane_does_not_hold_up_the_other() -> None:
    gate = Gate()
    async with manager(queries=1) as tasks:
        tasks.start("query", gate.work(0), lane=Lane.QUERY, deadline_s=LONG_S)
        await gate.until_entered(1)

        async def answer(_: Progress) -> str:
            return "listed"

        listed = await tasks.run("list", answer, lane=Lane.MANAGEMENT, deadline_s=LONG_S)

    assert listed == "listed"


async def test_more_than_may_wait_are_refused_and_nothing_is_started() -> None:
    gate = Gate()
    async with manager(queries=1, max_waiting=1) as tasks:
        for number in range(2):
            tasks.start("query", gate.work(number), lane=Lane.QUERY, deadline_s=LONG_S)
            await settle()
        with pytest.raises(Busy, match="1 operations are waiting"):
            tasks.start("query", gate.work(2), lane=Lane.QUERY, deadline_s=LONG_S)
        assert [each.name for each in tasks.list()] == ["query", "query"]

    assert gate.entered == [0]


async def test_a_deadline_ends_the_work_and_says_where_the_time_went() -> None:
    gate = Gate()
    async with manager(queries=1) as tasks:
        with pytest.raises(TimedOut, match=r"query was ended after 0\.01 s, while running"):
            await tasks.run("query", gate.work(0), lane=Lane.QUERY, deadline_s=0.01)
        assert gate.cancelled == [0]

        tasks.start("blocker", gate.work(1), lane=Lane.QUERY, deadline_s=LONG_S)
        await gate.until_entered(2)
        with pytest.raises(TimedOut, match="while waiting for its turn"):
            await tasks.run("query", gate.work(2), lane=Lane.QUERY, deadline_s=0.01)


async def test_cancelling_the_caller_cancels_the_work_and_frees_its_place() -> None:
    gate = Gate()
    async with manager(queries=1) as tasks:
        call = asyncio.create_task(
            tasks.run("query", gate.work(0), lane=Lane.QUERY, deadline_s=LONG_S)
        )
        await gate.until_entered(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert gate.cancelled == [0]

        gate.open.set()
        assert await tasks.run("query", gate.work(1), lane=Lane.QUERY, deadline_s=LONG_S) == 1


async def test_a_background_task_is_complete_with_its_result_when_waited_for() -> None:
    gate = Gate()
    async with manager() as tasks:
        started = tasks.start("query", gate.work(7), lane=Lane.QUERY, deadline_s=LONG_S)
        assert not started.is_complete
        gate.open.set()
        ended = await tasks.wait(started.id, LONG_S)

    assert (ended.is_complete, ended.status, ended.result) == (True, "succeeded", 7)


async def test_waiting_ends_with_the_time_allowed_and_leaves_the_task_running() -> None:
    gate = Gate()
    async with manager() as tasks:
        started = tasks.start("query", gate.work(7), lane=Lane.QUERY, deadline_s=LONG_S)
        still = await tasks.wait(started.id, 0)
        assert not still.is_complete
        assert gate.cancelled == []


async def test_a_cancelled_task_ends_its_work_and_says_so() -> None:
    gate = Gate()
    async with manager() as tasks:
        started = tasks.start("query", gate.work(3), lane=Lane.QUERY, deadline_s=LONG_S)
        await gate.until_entered(1)
        ended = await tasks.cancel(started.id)

    assert gate.cancelled == [3]
    assert (ended.status, ended.is_complete) == ("cancelled", True)
    assert ended.error == {"code": "cancelled", "message": "query was cancelled."}


async def test_a_task_cancelled_while_it_waits_is_never_started() -> None:
    gate = Gate()
    async with manager(queries=1) as tasks:
        tasks.start("first", gate.work(0), lane=Lane.QUERY, deadline_s=LONG_S)
        waiting = tasks.start("second", gate.work(1), lane=Lane.QUERY, deadline_s=LONG_S)
        await settle()
        ended = await tasks.cancel(waiting.id)
        gate.open.set()
        await settle()

    assert ended.status == "cancelled"
    assert gate.entered == [0]


async def test_a_task_cancelled_before_it_began_is_complete() -> None:
    gate = Gate()
    async with manager() as tasks:
        started = tasks.start("query", gate.work(0), lane=Lane.QUERY, deadline_s=LONG_S)
        ended = await tasks.cancel(started.id)

    assert (ended.status, ended.is_complete) == ("cancelled", True)
    assert gate.entered == []


async def test_a_failure_is_kept_with_its_code_and_hint() -> None:
    async def fail(_: Progress) -> None:
        raise Unavailable("Azure did not answer.", hint="Try again.")

    async with manager() as tasks:
        started = tasks.start("query", fail, lane=Lane.QUERY, deadline_s=LONG_S)
        ended = await tasks.wait(started.id, LONG_S)

    assert ended.status == "failed"
    assert ended.error == Unavailable("Azure did not answer.", hint="Try again.").as_dict()


async def test_a_bug_ends_its_task_only_and_keeps_its_text_from_the_caller() -> None:
    async def break_down(_: Progress) -> None:
        raise ZeroDivisionError("secret detail")

    async with manager() as tasks:
        started = tasks.start("query", break_down, lane=Lane.QUERY, deadline_s=LONG_S)
        ended = await tasks.wait(started.id, LONG_S)

    assert ended.error is not None
    assert ended.error["code"] == "internal"
    assert "secret" not in str(ended.error)


async def test_ended_tasks_are_forgotten_after_their_time() -> None:
    clock = Clock()

    async def answer(_: Progress) -> int:
        return 1

    async with manager(clock=clock) as tasks:
        started = tasks.start("query", answer, lane=Lane.QUERY, deadline_s=LONG_S)
        await tasks.wait(started.id, LONG_S)
        assert len(tasks.list()) == 1
        clock.now += timedelta(minutes=16)
        assert tasks.list() == []
        with pytest.raises(NotFound, match="There is no task"):
            tasks.get(started.id)


async def test_the_watcher_is_told_what_the_work_reports() -> None:
    gate = Gate()
    told: list[TaskInfo] = []

    async def watch(info: TaskInfo) -> None:
        told.append(info)
        gate.open.set()

    async def work(progress: Progress) -> None:
        progress.report(3, 10, "rows read")
        await gate.open.wait()

    async with manager() as tasks:
        await tasks.run("query", work, lane=Lane.QUERY, deadline_s=LONG_S, watcher=watch)

    assert (told[0].progress, told[0].total, told[0].message) == (3, 10, "rows read")


async def test_closing_ends_what_runs_and_refuses_what_comes() -> None:
    gate = Gate()
    async with manager() as tasks:
        tasks.start("query", gate.work(0), lane=Lane.QUERY, deadline_s=LONG_S)
        await gate.until_entered(1)
        await tasks.aclose()
        assert gate.cancelled == [0]
        with pytest.raises(Busy, match="stopping"):
            tasks.start("query", gate.work(1), lane=Lane.QUERY, deadline_s=LONG_S)
