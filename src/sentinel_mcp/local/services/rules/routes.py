"""HTTP to and from them: analytics rules, their templates and actions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local.services.answers import Handlers, answer, read_object
from sentinel_mcp.local.services.rules.behaviour import Rules
from sentinel_mcp.local.services.writing import etag_of


def handlers(rules: Rules) -> Handlers:
    """Return what answers each operation."""

    async def list_rules(request: Request) -> Response:
        return answer({"value": rules.list()})

    async def get_rule(request: Request) -> Response:
        return answer(rules.get(request.path_params["name"]))

    async def put_rule(request: Request) -> Response:
        body = await read_object(request)
        name = request.path_params["name"]
        document, is_new = await rules.put(name, body, etag_of(request, body))
        return answer(document, 201 if is_new else 200)

    async def delete_rule(request: Request) -> Response:
        there = rules.delete(request.path_params["name"], etag_of(request, {}))
        return Response(status_code=200 if there else 204)

    async def list_templates(request: Request) -> Response:
        return answer({"value": rules.templates()})

    async def get_template(request: Request) -> Response:
        return answer(rules.template(request.path_params["name"]))

    async def list_actions(request: Request) -> Response:
        return answer({"value": rules.actions(request.path_params["rule"])})

    async def get_action(request: Request) -> Response:
        return answer(rules.action(request.path_params["rule"], request.path_params["name"]))

    return {
        "AlertRules_List": list_rules,
        "AlertRules_Get": get_rule,
        "AlertRules_CreateOrUpdate": put_rule,
        "AlertRules_Delete": delete_rule,
        "AlertRuleTemplates_List": list_templates,
        "AlertRuleTemplates_Get": get_template,
        "Actions_ListByAlertRule": list_actions,
        "Actions_Get": get_action,
    }
