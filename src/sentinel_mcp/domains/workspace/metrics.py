"""Azure Monitor's metrics of a workspace: which there are, and their values over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import Document, as_document, inner, inners, text, texts, time
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import InputError
from sentinel_mcp.kql.timespan import parse_timespan

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

ROLE = "Monitoring Reader"
API = "2024-02-01"
NAMESPACE = "Microsoft.OperationalInsights/workspaces"
MAX_POINTS = 1_500

Aggregation = Literal["average", "minimum", "maximum", "total", "count"]
Grain = Literal["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"]

_MINUTES: Mapping[Grain, int] = {
    "PT1M": 1,
    "PT5M": 5,
    "PT15M": 15,
    "PT30M": 30,
    "PT1H": 60,
    "PT6H": 360,
    "PT12H": 720,
    "P1D": 1440,
}
_VALUES: Sequence[Aggregation] = ("average", "minimum", "maximum", "total", "count")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class MetricDefinition(_Frozen):
    """A metric that can be asked for."""

    name: str
    description: str | None
    unit: str | None
    primary_aggregation: str | None
    aggregations: list[str]
    granularities: list[str]
    dimensions: list[str]


class MetricSeries(_Frozen):
    """The values of one metric, oldest first; an interval without a value is left out."""

    name: str
    unit: str | None
    dimensions: dict[str, str] = {}
    points: list[dict[str, float | str]]
    points_count: int
    error: str | None = None


class MetricsAnswer(_Frozen):
    """Values of metrics, or the metrics there are."""

    workspace: str
    namespace: str
    start: datetime | None = None
    end: datetime | None = None
    granularity: str | None = None
    metrics: list[MetricSeries] = []
    available: list[MetricDefinition] = []
    notices: list[str] = []


@dataclass(frozen=True, slots=True)
class MetricsRequest:
    """What is asked for; without names the list of metrics, without aggregations each one's own."""

    names: Sequence[str]
    timespan: str
    granularity: Grain
    aggregations: Sequence[Aggregation]
    namespace: str


class WorkspaceMetrics:
    """Reads metrics at the endpoint of the workspace's region."""

    def __init__(self, calls: AzureCalls, clock: Callable[[], datetime]) -> None:
        self._calls = calls
        self._clock = clock

    async def query(self, request: MetricsRequest, *, workspace: str | None) -> MetricsAnswer:
        """Return the metrics' values; without names, the metrics that there are."""
        context = await self._calls.open(workspace)
        if not request.names:
            return await self._definitions(context, request.namespace)
        start, end = self._range(request)
        if context.metrics_client is None:
            value, notice = await self._without_region(context, request, start, end), _NO_LOCATION
        else:
            value, notice = await self._regional(context, request, start, end), None
        series = [each for metric in inners(value, "value") for each in _series(metric)]
        shown, cut = _fitting(series, self._calls.max_answer_bytes * 3 // 4)
        return MetricsAnswer(
            workspace=context.config.name,
            namespace=request.namespace,
            start=start,
            end=end,
            granularity=text(value, "interval") or request.granularity,
            metrics=shown,
            notices=[each for each in (notice, cut) if each],
        )

    async def _definitions(self, context: AzureServicesContext, namespace: str) -> MetricsAnswer:
        from sentinel_mcp.azure import arm

        path = f"{arm.workspace_path(context)}/providers/Microsoft.Insights/metricDefinitions"
        found = await self._calls.call(
            "list the metrics",
            lambda: arm.send(
                context, "GET", path, api_version=API, params={"metricnamespace": namespace}
            ),
            role=ROLE,
        )
        return MetricsAnswer(
            workspace=context.config.name,
            namespace=namespace,
            available=[_definition(each) for each in inners(found, "value")],
            notices=["Name some in `metrics` to read their values."],
        )

    async def _regional(
        self,
        context: AzureServicesContext,
        request: MetricsRequest,
        start: datetime,
        end: datetime,
    ) -> Document:
        """Ask the regional endpoint, which takes several resources; here it is one."""
        from azure.core.rest import HttpRequest

        client = context.metrics_client
        parameters = {
            "api-version": API,
            "starttime": _wire(start),
            "endtime": _wire(end),
            **_parameters(request),
        }
        asked = HttpRequest(
            "POST",
            f"/subscriptions/{quote(context.subscription_id, safe='')}/metrics:getBatch?"
            + urlencode(parameters, quote_via=quote),
            json={"resourceids": [context.config.resource_id]},
        )

        async def fetch() -> Any:  # Any: JSON, read by our readers
            if client is None:
                return {}
            response = await client.send_request(asked)
            response.raise_for_status()
            return response.json()

        answer = as_document(await self._calls.call("read the metrics", fetch, role=ROLE)) or {}
        found = inners(answer, "values")
        return found[0] if found else {}

    async def _without_region(
        self,
        context: AzureServicesContext,
        request: MetricsRequest,
        start: datetime,
        end: datetime,
    ) -> Document:
        from sentinel_mcp.azure import arm

        path = f"{arm.workspace_path(context)}/providers/Microsoft.Insights/metrics"
        parameters = {"timespan": f"{_wire(start)}/{_wire(end)}", **_parameters(request)}
        return await self._calls.call(
            "read the metrics",
            lambda: arm.send(context, "GET", path, api_version=API, params=parameters),
            role=ROLE,
        )

    def _range(self, request: MetricsRequest) -> tuple[datetime, datetime]:
        start, end = parse_timespan(request.timespan).bounds(self._clock())
        count = (end - start) / timedelta(minutes=_MINUTES[request.granularity])
        if count * len(request.names) > MAX_POINTS:
            raise InputError(
                f"That is {count * len(request.names):,.0f} values; at most {MAX_POINTS:,} are "
                "answered at once.",
                hint="Take a coarser `granularity`, a shorter `timespan` or fewer `metrics`.",
            )
        return start, end


_NO_LOCATION = (
    "No location is configured for this workspace, so Resource Manager was asked, which is "
    "limited to fewer calls; set `location` of the workspace to ask its region."
)


def _parameters(request: MetricsRequest) -> dict[str, str]:
    for each in request.names:
        if not each.strip() or not each.isprintable() or "," in each:
            raise InputError(
                f"{each[:60]!r} cannot be the name of a metric.",
                hint="Call it without `metrics` to see which there are.",
            )
    asked = {"aggregation": ",".join(request.aggregations)} if request.aggregations else {}
    return asked | {
        "interval": request.granularity,
        "metricnames": ",".join(request.names),
        "metricnamespace": request.namespace,
    }


def _definition(document: Document) -> MetricDefinition:
    return MetricDefinition(
        name=text(inner(document, "name"), "value", 200) or "",
        description=text(document, "displayDescription", 300),
        unit=text(document, "unit"),
        primary_aggregation=_lower(text(document, "primaryAggregationType")),
        aggregations=[each.lower() for each in texts(document, "supportedAggregationTypes")],
        granularities=[
            grain
            for each in inners(document, "metricAvailabilities")
            if (grain := text(each, "timeGrain"))
        ],
        dimensions=[
            found for each in inners(document, "dimensions") if (found := text(each, "value", 200))
        ],
    )


def _series(metric: Document) -> list[MetricSeries]:
    name = text(inner(metric, "name"), "value", 200) or ""
    state = text(metric, "errorCode")
    error = None if state in (None, "Success") else f"{state}: {text(metric, 'errorMessage')}"
    found: list[MetricSeries] = []
    for each in inners(metric, "timeseries") or [{}]:
        points = [point for data in inners(each, "data") if (point := _point(data))]
        found.append(
            MetricSeries(
                name=name,
                unit=text(metric, "unit"),
                dimensions={
                    text(inner(label, "name"), "value", 100) or "": text(label, "value", 200) or ""
                    for label in inners(each, "metadatavalues")
                },
                points=points,
                points_count=len(points),
                error=error,
            )
        )
    return found


def _point(data: Document) -> dict[str, float | str] | None:
    at = time(data, "timeStamp")
    values: dict[str, float | str] = {}
    for each in _VALUES:
        value = data.get(each)
        if isinstance(value, int | float) and not isinstance(value, bool):
            values[each] = round(value, 6)
    return {"time": _wire(at), **values} if at and values else None


def _fitting(series: list[MetricSeries], max_bytes: int) -> tuple[list[MetricSeries], str | None]:
    """Leave the oldest points out until the answer is not too large."""
    size = sum(size_bytes(each) for each in series)
    if size <= max_bytes:
        return series, None
    part = max_bytes / size
    kept = [
        each.model_copy(update={"points": each.points[-max(1, int(len(each.points) * part)) :]})
        for each in series
    ]
    return kept, "The oldest points are left out: the answer would be too large."


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lower(value: str | None) -> str | None:
    return value.lower() if value else None
