"""Task tools."""

from typing import Annotated

from fastmcp.dependencies import Depends
from pydantic import Field

from sentinel_mcp.area import Area
from sentinel_mcp.domains.tasks.models import TaskListing
from sentinel_mcp.effects import READS_SERVER, STOPS_WORK
from sentinel_mcp.tasks.manager import TaskInfo, TaskManager
from sentinel_mcp.wiring import service

tasks = Area()

TaskId = Annotated[str, Field(max_length=100, description="`id` of a task.")]


@tasks.tool("List tasks", READS_SERVER, {"tasks", "core"}, timeout=30)
async def list_tasks(
    limit: Annotated[int, Field(ge=1, le=100, description="Tasks in the answer.")] = 20,
    manager: TaskManager = Depends(service(TaskManager)),
) -> TaskListing:
    """List background tasks, newest first; ended ones are kept for 15 minutes.

    Results are left out; `get_task` has them.
    """
    every = manager.list()
    shown = [each.model_copy(update={"result": None}) for each in every[:limit]]
    return TaskListing(tasks=shown, total_count=len(every))


@tasks.tool("Read a task", READS_SERVER, {"tasks", "core"}, timeout=60)
async def get_task(
    task_id: TaskId,
    wait_s: Annotated[float, Field(ge=0, le=30, description="Seconds to wait for it to end.")] = 0,
    manager: TaskManager = Depends(service(TaskManager)),
) -> TaskInfo:
    """Return a background task and, once it is complete, its result.

    Call it again while `is_complete` is false.
    """
    return await manager.wait(task_id, wait_s)


@tasks.tool("Cancel a task", STOPS_WORK, {"tasks", "core"}, timeout=30)
async def cancel_task(
    task_id: TaskId,
    manager: TaskManager = Depends(service(TaskManager)),
) -> TaskInfo:
    """End a background task; the request to Azure is ended too."""
    return await manager.cancel(task_id)
