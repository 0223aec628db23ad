"""HTTP to and from Microsoft Defender XDR, as Microsoft Graph shows it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handlers, answer, read_object
from sentinel_mcp.local.services.defender.behaviour import DefenderIncidents
from sentinel_mcp.local.services.defender.hunting import HuntingResponse, hunting_call
from sentinel_mcp.local.services.graph import GraphQuery, listing
from sentinel_mcp.local.services.logs.behaviour import Queries

MAX_INCIDENTS = 50
DEFAULT_ALERTS = 100
MAX_ALERTS = 2_000


def handlers(documents: Documents, queries: Queries) -> Handlers:
    """Return what answers each operation."""
    defender = DefenderIncidents(documents)

    async def list_incidents(request: Request) -> Response:
        query = GraphQuery.of(request, default_top=MAX_INCIDENTS, max_top=MAX_INCIDENTS)
        return answer(listing(request, defender.incidents(query), query, by_number=True))

    async def get_incident(request: Request) -> Response:
        query = GraphQuery.of(request, default_top=MAX_INCIDENTS, max_top=MAX_INCIDENTS)
        return answer(defender.incident(request.path_params["incident"], query))

    async def list_alerts(request: Request) -> Response:
        query = GraphQuery.of(request, default_top=DEFAULT_ALERTS, max_top=MAX_ALERTS)
        return answer(listing(request, defender.alerts(query), query, by_number=True))

    async def get_alert(request: Request) -> Response:
        return answer(defender.alert(request.path_params["alert"]))

    async def hunt(request: Request) -> Response:
        return HuntingResponse(queries, hunting_call(await read_object(request)))

    return {
        "SecurityIncidents_List": list_incidents,
        "SecurityIncidents_Get": get_incident,
        "SecurityAlerts_List": list_alerts,
        "SecurityAlerts_Get": get_alert,
        "Security_RunHuntingQuery": hunt,
    }
