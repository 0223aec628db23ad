"""HTTP to and from them: automation, content hub, summary rules, recommendations, workbooks."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.answers import Handler, Handlers, answer, read_object
from sentinel_mcp.local.services.content.automation import AutomationRules
from sentinel_mcp.local.services.content.hub import (
    PACKAGES,
    PRODUCT_PACKAGES,
    PRODUCT_TEMPLATES,
    TEMPLATES,
    Hub,
)
from sentinel_mcp.local.services.content.plain import (
    RECOMMENDATIONS,
    SUMMARY_RULES,
    WORKBOOKS,
    Plain,
    workbooks_of,
)
from sentinel_mcp.local.services.paging import listing
from sentinel_mcp.local.services.writing import Clock, etag_of


def handlers(documents: Documents, clock: Clock) -> Handlers:
    """Return what answers each operation."""
    found: dict[str, Handler] = {
        **_automation(AutomationRules(documents, clock)),
        **_workbooks(Plain(documents, WORKBOOKS)),
    }
    for lister, getter, kind in (
        ("ContentPackages_List", "ContentPackages_Get", PACKAGES),
        ("ContentTemplates_List", "ContentTemplate_Get", TEMPLATES),
        ("ProductPackages_List", "ProductPackage_Get", PRODUCT_PACKAGES),
        ("ProductTemplates_List", "ProductTemplate_Get", PRODUCT_TEMPLATES),
    ):
        hub = Hub(documents, kind)
        found |= {lister: _hub_lister(hub), getter: _getter(hub)}
    for lister, getter, kind in (
        ("GetRecommendations_List", "Get_SingleRecommendation", RECOMMENDATIONS),
        ("SummaryLogs_ListByWorkspace", "SummaryLogs_Get", SUMMARY_RULES),
    ):
        plain = Plain(documents, kind)
        found |= {lister: _lister(plain), getter: _getter(plain)}
    return found


def _automation(rules: AutomationRules) -> Handlers:
    async def put_rule(request: Request) -> Response:
        body = await read_object(request)
        name = request.path_params["name"]
        document, is_new = rules.put(name, body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def delete_rule(request: Request) -> Response:
        deleted = rules.delete(request.path_params["name"], etag_of(request, {}))
        return answer({}, 200) if deleted else Response(status_code=204)

    return {
        "AutomationRules_List": _lister(rules),
        "AutomationRules_Get": _getter(rules),
        "AutomationRules_CreateOrUpdate": put_rule,
        "AutomationRules_Delete": delete_rule,
    }


def _workbooks(workbooks: Plain) -> Handlers:
    async def list_workbooks(request: Request) -> Response:
        asked = {name.lower(): value for name, value in request.query_params.items()}
        return answer({"value": workbooks_of(workbooks.list(), asked), "nextLink": None})

    return {"Workbooks_ListByResourceGroup": list_workbooks, "Workbooks_Get": _getter(workbooks)}


def _hub_lister(hub: Hub) -> Handler:
    async def handle(request: Request) -> Response:
        return answer(listing(request, hub.page(request)))

    return handle


def _lister(held: AutomationRules | Plain) -> Handler:
    async def handle(request: Request) -> Response:
        return answer({"value": held.list()})

    return handle


def _getter(held: AutomationRules | Hub | Plain) -> Handler:
    async def handle(request: Request) -> Response:
        return answer(held.get(request.path_params["name"]))

    return handle
