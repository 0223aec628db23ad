"""Microsoft Defender XDR: incidents, alerts and advanced hunting."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sentinel_mcp.domains.caller_queries import CallerQueries
from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.defender import requests
from sentinel_mcp.domains.defender.documents import (
    MAX_EVIDENCE,
    incident_fields,
    other_properties,
    read_alert,
    read_alert_detail,
    read_comment,
    read_incident,
)
from sentinel_mcp.domains.defender.models import (
    DefenderAlertListing,
    DefenderIncidentDetail,
    DefenderIncidentListing,
    HuntingAnswer,
)
from sentinel_mcp.domains.defender.requests import AlertFilter, IncidentFilter
from sentinel_mcp.domains.documents import Document, inners, text
from sentinel_mcp.domains.graph_calls import FRAME_BYTES, GraphCalls, fitting
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.domains.timespans import narrowed
from sentinel_mcp.errors import ConfigError
from sentinel_mcp.kql.timespan import parse_timespan
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext
    from sentinel_mcp.azure.logs import LogsAnswer
    from sentinel_mcp.azure.workspaces import Workspaces
    from sentinel_mcp.kql.validator import Checker

HUNTING_DEFAULT = "P30D"
"""What advanced hunting covers when nothing is said."""

MAX_HUNTING_S = 180
"""Advanced hunting ends a query after three minutes."""

MAX_COMMENTS = 20


class Defender:
    """Reads Defender XDR. Given the server's `checker`, hunting queries are bound as well."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        settings: Settings,
        checker: Checker | None = None,
    ) -> None:
        self._azure = AzureCalls(workspaces, tasks, settings)
        self._graph = GraphCalls(self._azure)
        self._queries = CallerQueries(tasks, settings, checker)
        self._settings = settings

    async def hunt(
        self, query: str, *, timespan: str | None, max_rows: int | None, workspace: str | None
    ) -> HuntingAnswer:
        """Run a hunting query.

        Raises:
            QueryRefused: the guard does not let it run; nothing was sent.
            KqlError: it does not parse or bind.

        """
        context = await self._open(workspace)
        covered = parse_timespan(timespan or HUNTING_DEFAULT)
        span = covered.iso if timespan else None
        warnings = await self._queries.warnings(
            query,
            "xdr",
            lambda check: narrowed(timespan or HUNTING_DEFAULT, covered, check, self._azure.now()),
        )
        rows = max_rows or self._settings.max_rows

        async def fetch(timeout_s: int) -> LogsAnswer:
            # Loaded late: it brings the SDK's request classes.
            from sentinel_mcp.azure.hunting import run_hunting_query

            return await run_hunting_query(
                context,
                query,
                timespan=span,
                timeout_s=timeout_s,
                max_bytes=self._settings.max_response_bytes,
                max_rows=rows + 1,
            )

        timeout_s = min(self._settings.query_timeout_s, MAX_HUNTING_S)
        answer = await self._queries.run("run the hunting query", fetch, timeout_s)
        fitted = self._queries.fitted(answer, rows)
        return HuntingAnswer(
            workspace=context.config.name,
            columns=fitted.columns,
            rows=fitted.rows,
            row_count=len(fitted.rows),
            truncated=fitted.truncated,
            timespan=span or HUNTING_DEFAULT,
            warnings=[*warnings, *fitted.warnings],
        )

    async def incidents(
        self, wanted: IncidentFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> DefenderIncidentListing:
        """Return one page of incidents, newest first."""
        context = await self._open(workspace)
        page = await self._graph.listing(
            context,
            requests.list_incidents(wanted, limit),
            read_incident,
            call=_call("list_defender_incidents", context, wanted, limit),
            cursor=cursor,
            max_bytes=self._azure.max_answer_bytes - FRAME_BYTES,
        )
        return DefenderIncidentListing(
            workspace=context.config.name,
            incidents=page.items,
            total_count=page.total,
            next_cursor=page.next_cursor,
        )

    async def incident(self, incident: str, *, workspace: str | None) -> DefenderIncidentDetail:
        """Return an incident with its alerts, as many as an answer holds.

        Raises:
            NotFound: there is no such incident.

        """
        context = await self._open(workspace)
        document = await self._graph.read(context, requests.get_incident(incident))
        comments, alerts = inners(document, "comments"), inners(document, "alerts")
        newest = [read_comment(each) for each in reversed(comments[-MAX_COMMENTS:])]
        detail = DefenderIncidentDetail(
            **incident_fields(document),
            workspace=context.config.name,
            description=text(document, "description"),
            comments=fitting(newest, self._azure.max_answer_bytes // 4),
            comments_count=len(comments),
            alerts_count=len(alerts),
            properties=other_properties(document),
        )
        left_bytes = self._azure.max_answer_bytes - size_bytes(detail) - FRAME_BYTES
        shown = fitting([read_alert_detail(each) for each in alerts], left_bytes)
        notices = _notices(len(detail.comments), len(shown), detail, alerts)
        return detail.model_copy(update={"alerts": shown, "notices": notices})

    async def alerts(
        self, wanted: AlertFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> DefenderAlertListing:
        """Return one page of alerts, newest first."""
        context = await self._open(workspace)
        page = await self._graph.listing(
            context,
            requests.list_alerts(wanted, limit),
            read_alert,
            call=_call("list_defender_alerts", context, wanted, limit),
            cursor=cursor,
            max_bytes=self._azure.max_answer_bytes - FRAME_BYTES,
        )
        return DefenderAlertListing(
            workspace=context.config.name,
            alerts=page.items,
            total_count=page.total,
            next_cursor=page.next_cursor,
        )

    async def _open(self, workspace: str | None) -> AzureServicesContext:
        context = await self._azure.open(workspace)
        if not context.cloud.defender:
            raise ConfigError(
                f"Microsoft Graph of the cloud {context.cloud.name!r} has no Defender XDR.",
                hint="Use `list_incidents` and `run_query`: what the workspace has is there.",
            )
        return context


def _call(
    tool: str, context: AzureServicesContext, wanted: IncidentFilter | AlertFilter, limit: int
) -> dict[str, object]:
    return {"tool": tool, "workspace": context.config.name, "limit": limit, **asdict(wanted)}


def _notices(
    comments: int, alerts: int, detail: DefenderIncidentDetail, documents: list[Document]
) -> list[str]:
    found: list[str] = []
    if comments < detail.comments_count:
        found.append(f"{comments} of {detail.comments_count} comments are here, the newest.")
    if alerts < detail.alerts_count:
        found.append(
            f"{alerts} of {detail.alerts_count} alerts are here; `list_defender_alerts` has all."
        )
    if any(len(inners(each, "evidence")) > MAX_EVIDENCE for each in documents[:alerts]):
        found.append(f"Of an alert, {MAX_EVIDENCE} pieces of evidence at most are here.")
    return found
