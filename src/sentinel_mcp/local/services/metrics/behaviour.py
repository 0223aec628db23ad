"""The workspace's metrics: which there are, and their values, counted from the tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.local import identity
from sentinel_mcp.local.services.faults import Body, Fault, bad_request
from sentinel_mcp.local.services.writing import Clock

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAMESPACE = "Microsoft.OperationalInsights/workspaces"
MAX_POINTS = 10_000
DEFAULT_RANGE = timedelta(hours=1)

GRAINS: Mapping[str, timedelta] = {
    "PT1M": timedelta(minutes=1),
    "PT5M": timedelta(minutes=5),
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "PT6H": timedelta(hours=6),
    "PT12H": timedelta(hours=12),
    "P1D": timedelta(days=1),
}

_AGGREGATIONS = {
    "average": "Average",
    "minimum": "Minimum",
    "maximum": "Maximum",
    "total": "Total",
    "count": "Count",
}
_SQL = {"average": "avg(v)", "minimum": "min(v)", "maximum": "max(v)", "total": "sum(v)",
        "count": "count(v)"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; the unit and the aggregation are Azure's, the values come from `source`."""

    name: str
    description: str
    unit: str
    primary: str


VOLUME = Metric(
    "Ingestion Volume", "Number of records that were taken into the workspace.", "Count", "Total"
)
LATENCY = Metric(
    "Ingestion Time", "Seconds from an event's arrival until it can be queried.", "Seconds",
    "Average",
)  # fmt: skip
METRICS = {each.name.casefold(): each for each in (VOLUME, LATENCY)}


@dataclass(frozen=True, slots=True)
class Asked:
    """What metrics are asked for."""

    names: Sequence[str]
    start: datetime
    end: datetime
    interval: str
    aggregations: Sequence[str]


class Metrics:
    """Counts the metrics of the one workspace there is."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[DuckDBPyConnection]],
        tables: Callable[[], dict[str, TableSchema]],
        clock: Clock,
    ) -> None:
        self._reading = reading
        self._tables = tables
        self._clock = clock

    def definitions(self) -> list[Body]:
        """Return the metrics that there are."""
        return [
            {
                "id": f"{identity.RESOURCE_ID}/providers/microsoft.insights/metricdefinitions/"
                f"{each.name}",
                "resourceId": identity.RESOURCE_ID,
                "namespace": NAMESPACE,
                "name": {"value": each.name, "localizedValue": each.name},
                "displayDescription": each.description,
                "isDimensionRequired": False,
                "unit": each.unit,
                "primaryAggregationType": each.primary,
                "supportedAggregationTypes": list(_AGGREGATIONS.values()),
                "metricAvailabilities": [
                    {"timeGrain": grain, "retention": "P93D"} for grain in GRAINS
                ],
            }
            for each in METRICS.values()
        ]

    def asked(self, given: Mapping[str, str]) -> Asked:
        """Read the query string; names of parameters are in small letters.

        Raises:
            Fault: Azure would not take it.

        """
        namespace = given.get("metricnamespace", NAMESPACE)
        if namespace.casefold() != NAMESPACE.casefold():
            raise bad_request(f"The metric namespace {namespace!r} does not exist.")
        start, end = self._range(given)
        interval = given.get("interval", "PT1M")
        if interval not in GRAINS:
            raise bad_request(f"The interval must be one of {', '.join(GRAINS)}.")
        if (end - start) / GRAINS[interval] > MAX_POINTS:
            raise bad_request(f"The range has more than {MAX_POINTS} intervals.")
        aggregations = _listed(given.get("aggregation", ""))
        if wrong := [each for each in aggregations if each.casefold() not in _AGGREGATIONS]:
            raise bad_request(f"There is no aggregation {wrong[0]!r}.")
        return Asked(
            names=[_known(each).name for each in _listed(given.get("metricnames", ""))],
            start=start,
            end=end,
            interval=interval,
            aggregations=[each.casefold() for each in aggregations],
        )

    def values(self, asked: Asked) -> list[Body]:
        """Return the metrics, one after the other, with a value for each interval."""
        return [self._metric(METRICS[each.casefold()], asked) for each in asked.names]

    def data_analyzed_today(self) -> Body:
        """Return how much was taken in since midnight, as the usages list tells it."""
        now = self._clock().astimezone(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        size = 0.0
        with self._reading() as connection:
            if "Usage" in self._tables():
                ((found,),) = connection.execute(
                    'SELECT sum("Quantity") FROM "Usage" WHERE "StartTime" >= ?',
                    [midnight.replace(tzinfo=None)],
                ).fetchall()
                size = round((found or 0.0) * 1e6)
        return {
            "name": {"value": "DataAnalyzed", "localizedValue": "Data Analyzed"},
            "unit": "Bytes",
            "currentValue": float(size),
            # Azure's way to say that there is no daily cap.
            "limit": -1.0,
            "nextResetTime": _wire(midnight + timedelta(days=1)),
            "quotaPeriod": "P1D",
        }

    def _range(self, given: Mapping[str, str]) -> tuple[datetime, datetime]:
        # The regional endpoint takes two times, Resource Manager one text with a slash.
        first, second = given.get("starttime"), given.get("endtime")
        if timespan := given.get("timespan"):
            first, _, second = timespan.partition("/")
        end = _moment(second) if second else self._clock().astimezone(UTC)
        start = _moment(first) if first else end - DEFAULT_RANGE
        if start >= end:
            raise bad_request("The start of the range must be before its end.")
        return start, end

    def _metric(self, metric: Metric, asked: Asked) -> Body:
        counted = self._counted(metric, asked)
        step = GRAINS[asked.interval]
        moment = asked.start.replace(second=0, microsecond=0)
        data: list[Body] = []
        while moment < asked.end:
            found = counted.get(moment, {})
            data.append({"timeStamp": _wire(moment), **found})
            moment += step
        return {
            "id": f"{identity.RESOURCE_ID}/providers/Microsoft.Insights/metrics/{metric.name}",
            "type": "Microsoft.Insights/metrics",
            "name": {"value": metric.name, "localizedValue": metric.name},
            "displayDescription": metric.description,
            "unit": metric.unit,
            "timeseries": [{"metadatavalues": [], "data": data}],
            "errorCode": "Success",
        }

    def _counted(self, metric: Metric, asked: Asked) -> dict[datetime, Body]:
        """Return the values by the start of their interval; an empty interval is left out."""
        origin = asked.start.replace(second=0, microsecond=0)
        sources = _sources(metric, self._tables())
        if not sources:
            return {}
        seconds = int(GRAINS[asked.interval].total_seconds())
        aggregations = asked.aggregations or [metric.primary.casefold()]
        sums = ", ".join(_SQL[each] for each in aggregations)
        # Names come from the schema, numbers from here; the bounds are parameters.
        query = (
            f"SELECT CAST(floor((epoch(t) - epoch(?)) / {seconds}) AS BIGINT) AS i, {sums} "  # noqa: S608
            f"FROM ({' UNION ALL '.join(sources)}) WHERE t >= ? AND t < ? GROUP BY i"
        )
        start, end = (each.replace(tzinfo=None) for each in (origin, asked.end))
        with self._reading() as connection:
            rows = connection.execute(query, [start, start, end]).fetchall()
        step = GRAINS[asked.interval]
        return {
            origin + place * step: dict(zip(aggregations, map(float, found), strict=True))
            for place, *found in rows
        }


def _sources(metric: Metric, tables: Mapping[str, TableSchema]) -> list[str]:
    if metric is LATENCY:
        return (
            ['SELECT "TimeGenerated" AS t, "AvgLatencyInSeconds" AS v FROM "Usage"']
            if "Usage" in tables
            else []
        )
    return [
        f'SELECT "TimeGenerated" AS t, 1 AS v FROM "{name}"'  # noqa: S608 - names of the schema
        for name in _quotable(tables)
        if any(each.name == "TimeGenerated" for each in tables[name].columns)
    ]


def _quotable(names: Collection[str]) -> list[str]:
    return [each for each in names if re.fullmatch(r"\w+", each)]


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _known(name: str) -> Metric:
    if found := METRICS.get(name.casefold()):
        return found
    there = ", ".join(each.name for each in METRICS.values())
    raise Fault(
        400,
        "BadRequest",
        f"Failed to find metric configuration for provider: {NAMESPACE}, metric: {name}. "
        f"Valid metrics: {there}",
    )


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise bad_request(f"{text!r} is not a time.") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
