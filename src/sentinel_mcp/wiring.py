"""How a tool gets its service, by type, and how it tells its caller of progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar, cast

from fastmcp.dependencies import CurrentContext
from fastmcp.server.context import Context

from sentinel_mcp.tasks.manager import TaskInfo

T = TypeVar("T")

SERVICES = "services"
"""Key of the lifespan's result under which the services are, by type."""


def service(kind: type[T]) -> Callable[..., T]:
    """Return the dependency that looks `kind` up.

    Only a look-up: what is raised inside a dependency reaches the caller as a RuntimeError of
    the framework, so whatever can fail has failed at the start.
    """

    def find(context: Context = CurrentContext()) -> T:  # noqa: B008 FastMCP's convention
        services = cast("Mapping[type, object]", context.lifespan_context[SERVICES])
        # The server registers each service under its own type.
        return cast("T", services[kind])

    return find


def progress_to(context: Context) -> Callable[[TaskInfo], Awaitable[None]]:
    """Return a watcher that sends a task's state to the caller as progress notifications.

    The unit is seconds since the start, unless the work reports its own.
    """

    async def tell(info: TaskInfo) -> None:
        elapsed_s = (datetime.now(UTC) - info.start_time).total_seconds()
        await context.report_progress(
            progress=elapsed_s if info.total is None else info.progress or 0,
            total=info.total,
            message=f"{info.name}: {info.message or info.status}, {elapsed_s:.0f} s",
        )

    return tell
