"""What the workspaces know of an account, host, address or file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.entities.enrichment import Enrichment
from sentinel_mcp.domains.entities.investigation import Investigations
from sentinel_mcp.domains.entities.timeline import Timelines
from sentinel_mcp.domains.shared.identification import Identification
from sentinel_mcp.domains.shared.schemas import Schemas
from sentinel_mcp.domains.shared.value_search import ValueSearch
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.workspaces import Workspaces


class Entities:
    """The ways to ask about an entity, over the calls that all areas share."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        settings: Settings,
        *,
        schemas: Schemas | None = None,
    ) -> None:
        """`schemas` are shared with the other areas; without them, they are read for this one."""
        azure = AzureCalls(workspaces, tasks, settings)
        schemas = schemas or Schemas(azure)
        identification, search = Identification(azure, schemas), ValueSearch(azure, schemas)
        self.enrichment = Enrichment(azure)
        self.investigations = Investigations(azure, identification, search)
        self.timelines = Timelines(azure, identification, search)
