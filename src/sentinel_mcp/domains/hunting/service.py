"""Hunting queries, saved searches, bookmarks and hunts of the workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.hunting.bookmarks import Bookmarks
from sentinel_mcp.domains.hunting.hunts import Hunts
from sentinel_mcp.domains.hunting.queries import HuntingQueries
from sentinel_mcp.domains.hunting.runs import HuntingRuns
from sentinel_mcp.domains.hunting.searches import SavedSearches
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.workspaces import Workspaces


class Hunting:
    """What an analyst hunts with, each kind of it over the calls that all areas share."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        settings: Settings,
        checker: Checker | None = None,
    ) -> None:
        azure = AzureCalls(workspaces, tasks, settings)
        self.queries = HuntingQueries(azure)
        self.runs = HuntingRuns(azure, self.queries, settings, checker)
        self.searches = SavedSearches(azure)
        self.bookmarks = Bookmarks(azure)
        self.hunts = Hunts(azure)
