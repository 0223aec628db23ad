"""Automation, content hub, summary rules, workbooks and parsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.content.automation import Automation
from sentinel_mcp.domains.content.hub import Hub
from sentinel_mcp.domains.content.parsers import Parsers
from sentinel_mcp.domains.content.recommendations import Recommendations
from sentinel_mcp.domains.content.summaries import Summaries
from sentinel_mcp.domains.content.workbooks import Workbooks
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.workspaces import Workspaces


class Content:
    """What a workspace has besides rules and logs, over the calls that all areas share."""

    def __init__(self, workspaces: Workspaces, tasks: TaskManager, settings: Settings) -> None:
        azure = AzureCalls(workspaces, tasks, settings)
        self.automation = Automation(azure)
        self.hub = Hub(azure)
        self.summaries = Summaries(azure)
        self.workbooks = Workbooks(azure)
        self.parsers = Parsers(azure)
        self.recommendations = Recommendations(azure)
