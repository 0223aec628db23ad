"""The Microsoft Sentinel data lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.workspaces import Workspaces


class Lake:
    """Reads and changes them, through the calls that all areas share."""

    def __init__(self, workspaces: Workspaces, tasks: TaskManager, settings: Settings) -> None:
        self._azure = AzureCalls(workspaces, tasks, settings)
