"""Runs work within limits: a place in a fair queue, a deadline, progress, cancellation.

    queued ──► running ──► succeeded
       │          ├──────► failed       an error, or the deadline passed
       └──────────┴──────► cancelled

Work of the foreground (`run`) belongs to its caller: cancelling the caller cancels it. Work of
the background (`start`) belongs to the manager, and its outcome is kept for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.errors import Busy, InputError, NotFound, SentinelError, TimedOut

log = logging.getLogger(__name__)

T = TypeVar("T")

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Lane(StrEnum):
    """What competes for the same places at Azure."""

    QUERY = "query"
    MANAGEMENT = "management"


class TaskInfo(BaseModel):
    """What is known of a task now."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    status: Status
    start_time: datetime
    is_complete: bool
    end_time: datetime | None = None
    progress: Annotated[float | None, Field(description="In the work's own unit.")] = None
    total: float | None = None
    message: str | None = None
    result: Annotated[Any | None, Field(description="The answer, once complete.")] = None
    error: dict[str, Any] | None = None


@dataclass(slots=True)
class Progress:
    """What the work says of how far it is."""

    done: float | None = None
    total: float | None = None
    message: str | None = None

    def report(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Note how far the work is; `total` None means that the end is not known."""
        self.done, self.total, self.message = done, total, message


Work = Callable[[Progress], Awaitable[T]]
Watcher = Callable[[TaskInfo], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Job:
    id: str
    name: str
    lane: Lane
    deadline_s: float
    start_time: datetime
    status: Status = "queued"
    progress: Progress = field(default_factory=Progress)
    end_time: datetime | None = None
    result: object | None = None
    error: dict[str, Any] | None = None
    runner: asyncio.Task[None] | None = None

    def info(self) -> TaskInfo:
        return TaskInfo(
            id=self.id,
            name=self.name,
            status=self.status,
            start_time=self.start_time,
            is_complete=self.end_time is not None,
            end_time=self.end_time,
            progress=self.progress.done,
            total=self.progress.total,
            message=self.progress.message,
            result=self.result,
            error=self.error,
        )


def utc_now() -> datetime:
    """Return the machine's time, by which tasks are measured."""
    return datetime.now(UTC)


class TaskManager:
    """Admits work, lane by lane, first come first served."""

    def __init__(
        self,
        limits: Mapping[Lane, int],
        *,
        max_waiting: int = 200,
        max_kept: int = 100,
        keep: timedelta = timedelta(minutes=15),
        watch_every_s: float = 2.0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        # asyncio's semaphore wakes its waiters in order of arrival: that is the fair queue.
        self._places = {lane: asyncio.Semaphore(limits[lane]) for lane in Lane}
        self._limits = dict(limits)
        self._waiting = dict.fromkeys(Lane, 0)
        self._max_waiting = max_waiting
        self._max_kept = max_kept
        self._keep = keep
        self._watch_every_s = watch_every_s
        self._now = now
        self._jobs: dict[str, _Job] = {}
        self._closed = False

    async def run(
        self,
        name: str,
        work: Work[T],
        *,
        lane: Lane,
        deadline_s: float,
        watcher: Watcher | None = None,
    ) -> T:
        """Do `work` when its turn comes and return what it returns.

        The deadline covers the waiting too. `watcher` is told the state every few seconds.

        Raises:
            Busy: too many are waiting in this lane, or the server is stopping.
            TimedOut: the deadline passed; the work was cancelled.

        """
        job = self._admit(name, lane, deadline_s)
        async with _watched(job, watcher, self._watch_every_s):
            return await self._perform(job, work)

    def start(self, name: str, work: Work[object], *, lane: Lane, deadline_s: float) -> TaskInfo:
        """Begin `work` in the background and return at once.

        Raises:
            Busy: too many are waiting in this lane, or the server is stopping.

        """
        self._forget_old()
        job = self._admit(name, lane, deadline_s)
        self._jobs[job.id] = job
        job.runner = asyncio.create_task(self._record(job, work), name=f"task {job.id}")
        job.runner.add_done_callback(functools.partial(self._end, job))
        return job.info()

    def list(self) -> list[TaskInfo]:
        """Return the background tasks, newest first, finished ones included for a while."""
        self._forget_old()
        return [job.info() for job in reversed(self._jobs.values())]

    def get(self, task_id: str) -> TaskInfo:
        """Return one background task.

        Raises:
            NotFound: there is none of that id, or it ended too long ago.

        """
        return self._find(task_id).info()

    async def wait(self, task_id: str, timeout_s: float) -> TaskInfo:
        """Return the task when it has ended, or as it is after `timeout_s`."""
        job = self._find(task_id)
        if job.runner is not None:
            await asyncio.wait({job.runner}, timeout=timeout_s)
        return job.info()

    async def cancel(self, task_id: str) -> TaskInfo:
        """End a task and return what became of it; one that has ended stays as it is."""
        job = self._find(task_id)
        if job.runner is not None and not job.runner.done():
            job.runner.cancel()
            await asyncio.wait({job.runner}, timeout=5)
        return job.info()

    async def aclose(self) -> None:
        """End all background work; what comes after is refused."""
        self._closed = True
        runners = [job.runner for job in self._jobs.values() if job.runner is not None]
        for runner in runners:
            runner.cancel()
        if runners:
            await asyncio.wait(runners, timeout=5)

    def _admit(self, name: str, lane: Lane, deadline_s: float) -> _Job:
        if self._closed:
            raise Busy("The server is stopping.", hint="Connect again when it is back.")
        if self._waiting[lane] >= self._max_waiting:
            raise Busy(
                f"{self._waiting[lane]} operations are waiting for {lane} already.",
                hint="Try again when some of them have ended; `list_tasks` shows yours.",
            )
        if deadline_s <= 0:
            raise InputError(
                "A deadline must lie ahead.", hint="Give a positive number of seconds."
            )
        return _Job(secrets.token_hex(8), name, lane, deadline_s, self._now())

    async def _perform(self, job: _Job, work: Work[T]) -> T:
        try:
            async with asyncio.timeout(job.deadline_s):
                async with self._place(job):
                    job.status = "running"
                    return await work(job.progress)
        except TimeoutError as error:
            # `status` tells where the time went: the queue or the work.
            where = "waiting for its turn" if job.status == "queued" else "running"
            raise TimedOut(
                f"{job.name} was ended after {job.deadline_s:g} s, while {where}.",
                hint="Narrow the time range or the question, or allow more time.",
            ) from error

    @contextlib.asynccontextmanager
    async def _place(self, job: _Job) -> AsyncGenerator[None]:
        places = self._places[job.lane]
        self._waiting[job.lane] += 1
        try:
            await places.acquire()
        finally:
            self._waiting[job.lane] -= 1
        try:
            yield
        finally:
            places.release()

    async def _record(self, job: _Job, work: Work[object]) -> None:
        try:
            job.result = await self._perform(job, work)
            job.status = "succeeded"
        except SentinelError as error:
            job.status, job.error = "failed", error.as_dict()
        except Exception:
            # A bug of ours: nobody awaits this task, so it is told here or nowhere.
            log.exception("task %s failed", job.id)
            job.status = "failed"
            job.error = SentinelError("An internal error ended the task.").as_dict()

    def _end(self, job: _Job, runner: asyncio.Task[None]) -> None:
        # Not in `_record`: a task that is cancelled before its first step never enters it.
        job.end_time = self._now()
        if runner.cancelled():
            job.status = "cancelled"
            job.error = {"code": "cancelled", "message": f"{job.name} was cancelled."}

    def _find(self, task_id: str) -> _Job:
        self._forget_old()
        try:
            return self._jobs[task_id]
        except KeyError:
            raise NotFound(
                f"There is no task {task_id!r}.",
                hint=f"`list_tasks` shows those there are; ended ones are kept {self._keep}.",
            ) from None

    def _forget_old(self) -> None:
        oldest = self._now() - self._keep
        ended = [job for job in self._jobs.values() if job.end_time is not None]
        excess = max(0, len(self._jobs) - self._max_kept)
        for index, job in enumerate(ended):
            if index < excess or (job.end_time is not None and job.end_time < oldest):
                del self._jobs[job.id]


@contextlib.asynccontextmanager
async def _watched(job: _Job, watcher: Watcher | None, every_s: float) -> AsyncGenerator[None]:
    if watcher is None:
        yield
        return

    async def tell() -> None:
        while True:
            await asyncio.sleep(every_s)
            await watcher(job.info())

    telling = asyncio.create_task(tell(), name=f"watch {job.id}")
    try:
        yield
    finally:
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling
