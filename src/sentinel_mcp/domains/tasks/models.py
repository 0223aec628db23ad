"""Tasks, as tools give them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from sentinel_mcp.tasks.manager import TaskInfo


class TaskListing(BaseModel):
    """Background tasks, newest first, without their results."""

    model_config = ConfigDict(frozen=True)

    tasks: list[TaskInfo]
    total_count: int
