"""HTTP to and from the workspace's metrics, at the regional endpoint and at Resource Manager."""

from __future__ import annotations

from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sentinel_mcp.local import identity
from sentinel_mcp.local.services.answers import Handlers, answer, read_object
from sentinel_mcp.local.services.faults import Body, Fault, bad_request
from sentinel_mcp.local.services.metrics.behaviour import NAMESPACE, Asked, Metrics


def handlers(metrics: Metrics) -> Handlers:
    """Return what answers each operation."""

    async def batch(request: Request) -> Response:
        asked = metrics.asked(_parameters(request))
        _check_resources(await read_object(request))
        if not asked.names:
            raise bad_request("The parameter 'metricnames' is required.")
        values = await run_in_threadpool(metrics.values, asked)
        told = {
            "starttime": _time(asked, "start"),
            "endtime": _time(asked, "end"),
            **_told(asked, values),
            "resourceid": identity.RESOURCE_ID,
        }
        return answer({"values": [told]})

    async def list_values(request: Request) -> Response:
        asked = metrics.asked(_parameters(request))
        values = await run_in_threadpool(metrics.values, asked)
        timespan = f"{_time(asked, 'start')}/{_time(asked, 'end')}"
        return answer({"cost": 0, "timespan": timespan, **_told(asked, values)})

    async def list_definitions(request: Request) -> Response:
        return answer({"value": metrics.definitions()})

    async def list_usages(request: Request) -> Response:
        return answer({"value": [await run_in_threadpool(metrics.data_analyzed_today)]})

    return {
        "Metrics_Batch": batch,
        "Metrics_List": list_values,
        "MetricDefinitions_List": list_definitions,
        "Usages_List": list_usages,
    }


def _parameters(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.query_params.items()}


def _check_resources(body: Body) -> None:
    given = body.get("resourceids")
    if not isinstance(given, list) or not given:
        raise bad_request("The property 'resourceids' is required and must be a list.")
    for each in cast("list[object]", given):
        if str(each).casefold() != identity.RESOURCE_ID.casefold():
            raise Fault(404, "ResourceNotFound", f"The resource {each!r} was not found.")


def _told(asked: Asked, values: list[Body]) -> Body:
    return {
        "interval": asked.interval,
        "value": values,
        "namespace": NAMESPACE.lower(),
        "resourceregion": identity.LOCATION,
    }


def _time(asked: Asked, which: str) -> str:
    moment = asked.start if which == "start" else asked.end
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
