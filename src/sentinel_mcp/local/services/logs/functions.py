"""What the functions of the workspace answer with, as its resources are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.kql.functions import FunctionSchema
from sentinel_mcp.local import identity
from sentinel_mcp.local.services.faults import Body
from sentinel_mcp.local.services.watchlists.behaviour import WATCHLISTS
from sentinel_mcp.local.services.watchlists.columns import columns_of

if TYPE_CHECKING:
    from sentinel_mcp.kql.catalog import Catalog
    from sentinel_mcp.local.documents import Documents

_Watchlists = dict[str, dict[str, str]]
_Saved = list[FunctionSchema]


class WorkspaceFunctions:
    """Completes the catalog that queries are bound against."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._kept: tuple[Catalog, _Watchlists, _Saved, Catalog] | None = None

    def completed(self, catalog: Catalog) -> Catalog:
        """Return the catalog with saved functions and watchlists; the same one while they are."""
        watchlists = {
            each["name"]: columns_of(self._documents, each["name"])
            for each in self._documents.list(WATCHLISTS)
        }
        saved = [
            FunctionSchema(
                each["functionAlias"],
                each.get("functionParameters", ""),
                kind="body",
                body=each["query"],
            )
            for each in self._saved()
        ]
        kept = self._kept
        if kept is None or kept[0] is not catalog or kept[1:3] != (watchlists, saved):
            made = catalog.with_functions(saved).with_watchlists(watchlists)
            self._kept = kept = (catalog, watchlists, saved, made)
        return kept[3]

    def described(self) -> list[Body]:
        """Return the saved functions as the workspace's metadata tells of them."""
        return [
            {
                "id": each["functionAlias"],
                "name": each["functionAlias"],
                "displayName": each["displayName"],
                "body": each["query"],
                "parameters": each.get("functionParameters", ""),
                "related": {"solutions": [], "workspaces": [identity.WORKSPACE_ID]},
            }
            for each in self._saved()
        ]

    def _saved(self) -> list[Body]:
        found = [each["properties"] for each in self._documents.list("savedSearches")]
        return [each for each in found if each.get("functionAlias")]
