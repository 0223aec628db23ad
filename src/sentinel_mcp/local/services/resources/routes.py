"""HTTP to and from the resources that are only read."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handler, Handlers, answer
from sentinel_mcp.local.services.resources.behaviour import Shelf

_KINDS = {
    "DataConnectors": ("dataConnectors", "Data connector"),
    "DataConnectorDefinitions": ("dataConnectorDefinitions", "Data connector definition"),
}


def handlers(documents: Documents) -> Handlers:
    """Return what answers each operation."""
    return shelves(documents, _KINDS)


def shelves(documents: Documents, kinds: Mapping[str, tuple[str, str]]) -> Handlers:
    """Return what lists and reads each group of `kinds`: the kind it is kept as, and its noun."""
    found: dict[str, Handler] = {}
    for group, (kind, noun) in kinds.items():
        shelf = Shelf(documents, kind, noun)
        found[f"{group}_List"] = _lister(shelf)
        found[f"{group}_Get"] = _getter(shelf)
    return found


def _lister(shelf: Shelf) -> Handler:
    async def handle(request: Request) -> Response:
        return answer({"value": shelf.list()})

    return handle


def _getter(shelf: Shelf) -> Handler:
    async def handle(request: Request) -> Response:
        return answer(shelf.get(request.path_params["name"]))

    return handle
