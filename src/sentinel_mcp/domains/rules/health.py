"""Whether rules run and what they find: rules, SentinelHealth and SecurityAlert, read at once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sentinel_mcp.domains.calls import AzureCalls, Failure, Rows
from sentinel_mcp.domains.documents import Document, cut, last_segment, number, text, time, whole
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.rules import health_queries
from sentinel_mcp.domains.rules.catalogue import Catalogue, cut_notice
from sentinel_mcp.domains.rules.documents import read_rule
from sentinel_mcp.domains.rules.health_models import (
    Change,
    Monitoring,
    Reason,
    RuleHealth,
    RuleHealthListing,
    State,
)
from sentinel_mcp.domains.rules.models import MissingPart, RuleSummary
from sentinel_mcp.errors import KqlError, SentinelError
from sentinel_mcp.settings import Settings

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

MAX_ROWS = 5_000
"""Of one query: more than there can be rules."""

_ORDER: tuple[State, ...] = ("failing", "auto_disabled", "silent", "unknown", "disabled", "ok")
_WITH_RUNS = frozenset({"Scheduled", "NRT"})
_WITHOUT_ALERTS = frozenset({"MicrosoftSecurityIncidentCreation"})
"""Kinds whose incidents are made of other products' alerts."""

_TABLES = ("SentinelHealth", "SecurityAlert", "SentinelAudit")

Found = Rows | SentinelError


@dataclass(frozen=True, slots=True)
class _Alerts:
    """What a rule raised: how many alerts in the days asked for, and of all that is kept the last.

    `last` is None where the log has none of it.
    """

    count: int = 0
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Records:
    """What the logs say, by the name of the rule in small letters."""

    runs: Mapping[str, Document] = field(default_factory=dict[str, Document])
    failures: Mapping[str, list[Reason]] = field(default_factory=dict[str, list[Reason]])
    alerts: Mapping[str, _Alerts] | None = None
    """None where they could not be read."""
    all_alerts: bool = True
    """False where Azure answered only in part: a rule without one may have one all the same."""


class RuleHealths:
    """Tells which rules are in trouble."""

    def __init__(self, azure: AzureCalls, settings: Settings) -> None:
        self._azure = azure
        self._max_bytes = settings.max_answer_bytes

    async def read(
        self,
        *,
        rule: str | None,
        days: int,
        state: State | None,
        limit: int,
        cursor: str | None,
        workspace: str | None,
    ) -> RuleHealthListing:
        """Return one page of rules, those in trouble first; with `rule`, that one.

        Raises:
            NotFound: there is no rule of that id.

        """
        context = await self._azure.open(workspace)
        catalogue = Catalogue(self._azure, context)
        name = catalogue.name_of(rule) if rule else None
        documents, runs, failures, alerts, changes = await asyncio.gather(
            _documents(catalogue, name),
            self._query(context, "SentinelHealth", health_queries.runs(name), days),
            self._query(context, "SentinelHealth", health_queries.failures(name), days),
            self._query(context, "SecurityAlert", health_queries.alerts(name, days), None),
            self._changes(context, name, days),
        )
        records = _Records(
            _by_rule(runs), _reasons(failures), _alerts(alerts), all_alerts=not _is_cut(alerts)
        )
        read = [_health(read_rule(each), records) for each in documents]
        if name:
            read = [each.model_copy(update={"changes": _changes(changes)}) for each in read]
        kept = [each for each in read if state in (None, each.state)]
        kept.sort(key=lambda each: (_ORDER.index(each.state), each.title.casefold(), each.name))
        call = {
            "list": "health",
            "workspace": context.config.name,
            "wanted": f"{name} {days} {state} {limit}",
        }
        page = page_of(kept, PageRequest(call, limit, cursor, self._max_bytes))
        return RuleHealthListing(
            workspace=context.config.name,
            days=days,
            alerts_since=_oldest(alerts),
            monitoring=_monitoring(runs, read),
            rules=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
            states=dict(Counter(each.state for each in read)),
            missing=[
                MissingPart(part=part, error=Failure.of(found))
                for part, found in (("runs", runs), ("failures", failures), ("alerts", alerts))
                if isinstance(found, SentinelError) and not _is_absent(found)
            ],
            notices=[*_notices(runs, alerts, read, days), *cut_notice(documents, "rules")],
        )

    async def _query(
        self, context: AzureServicesContext, table: str, query: str, days: int | None
    ) -> Found:
        timespan = f"P{days}D" if days else None
        return await self._azure.attempt(
            self._azure.query(
                context, f"query {table}", query, timespan=timespan, max_rows=MAX_ROWS
            )
        )

    async def _changes(
        self, context: AzureServicesContext, name: str | None, days: int
    ) -> Found | None:
        if name is None:
            return None
        return await self._query(context, "SentinelAudit", health_queries.changes(name), days)


async def _documents(catalogue: Catalogue, name: str | None) -> list[Document]:
    if name is None:
        return await catalogue.rules()
    found = await catalogue.rule(name)
    if found is None:
        raise catalogue.no_rule(name)
    return [found]


def _health(rule: RuleSummary, records: _Records) -> RuleHealth:
    key = rule.name.casefold()
    runs = records.runs.get(key, {})
    fires = rule.kind not in _WITHOUT_ALERTS and records.alerts is not None
    raised = (records.alerts or {}).get(key, _Alerts()) if fires else None
    count = raised.count if raised else None
    status = text(runs, "LastStatus", 100)
    delay = number(runs, "MeanDelay")
    return RuleHealth(
        name=rule.name,
        title=rule.title,
        kind=rule.kind,
        enabled=rule.enabled,
        state=_state(rule, status, count),
        last_run=time(runs, "LastRun"),
        last_status=status,
        runs=whole(runs, "Runs"),
        failed_runs=whole(runs, "Failed"),
        failures=records.failures.get(key, [])[: health_queries.MAX_REASONS],
        mean_delay_s=round(delay, 1) if delay is not None else None,
        alerts=count,
        last_alert=raised.last if raised else None,
        never_fired=_never_fired(rule, raised, records),
    )


def _never_fired(rule: RuleSummary, raised: _Alerts | None, records: _Records) -> bool | None:
    """Return whether a rule that is on has no alert in all that is kept; None: not known."""
    if raised is None:
        return None
    if raised.last is None and not records.all_alerts:
        return None
    return bool(rule.enabled) and raised.last is None


def _state(rule: RuleSummary, status: str | None, alerts: int | None) -> State:
    if rule.auto_disabled:
        return "auto_disabled"
    if rule.enabled is False:
        return "disabled"
    if status is not None and status.casefold() != "success":
        return "failing"
    if alerts is None or (status is None and rule.kind in _WITH_RUNS and not alerts):
        return "unknown"
    return "ok" if alerts else "silent"


def _by_rule(found: Found) -> dict[str, Document]:
    return {_rule_of(row): row for row in _rows(found)}


def _reasons(found: Found) -> dict[str, list[Reason]]:
    reasons: dict[str, list[Reason]] = defaultdict(list)
    for row in _rows(found):
        reasons[_rule_of(row)].append(
            Reason(
                reason=text(row, "Why", 500) or "No reason is given.",
                runs=whole(row, "Runs") or 0,
                last=time(row, "Last"),
            )
        )
    return reasons


def _alerts(found: Found) -> dict[str, _Alerts] | None:
    if isinstance(found, SentinelError):
        return {} if _is_absent(found) else None
    counted: dict[str, _Alerts] = {}
    for row in found.rows:
        for rule in _ids(text(row, "RuleIds", 20_000) or ""):
            before = counted.get(rule, _Alerts())
            counted[rule] = _Alerts(
                before.count + (whole(row, "Alerts") or 0),
                max(filter(None, (before.last, time(row, "Last"))), default=None),
            )
    return counted


def _oldest(found: Found) -> datetime | None:
    """Return when the first alert of a rule was raised that the log keeps."""
    return min(filter(None, (time(each, "First") for each in _rows(found))), default=None)


def _is_cut(found: Found) -> bool:
    return isinstance(found, Rows) and (found.fault is not None or found.truncated)


def _ids(listed: str) -> set[str]:
    """Return the rules of an alert: a list, written as a text, or one id as it is."""
    try:
        # Any: what JSON holds; each is made a text.
        found: Any = json.loads(listed)
    except (ValueError, RecursionError):
        found = [listed]
    ids = cast("list[Any]", found) if isinstance(found, list) else [found]
    return {str(each).casefold() for each in ids if each}


def _changes(found: Found | None) -> list[Change]:
    rows: Iterable[Document] = [] if found is None else _rows(found)
    return [
        Change(
            time=time(row, "TimeGenerated"),
            operation=last_segment(text(row, "OperationName", 200) or "") or "unknown",
            by=cut(who, 200) if (who := text(row, "Caller", 200)) else None,
        )
        for row in rows
    ]


def _rule_of(row: Document) -> str:
    return last_segment(text(row, "ResourceId") or "").casefold()


def _rows(found: Found) -> list[dict[str, Any]]:
    # Any: a cell is of its column's type; documents' readers look before they use it.
    return [] if isinstance(found, SentinelError) else found.rows


def _is_absent(found: Found) -> bool:
    """Return whether the table is not there, which Azure tells by a name that it cannot resolve."""
    return isinstance(found, KqlError) and any(table in found.message for table in _TABLES)


def _monitoring(runs: Found, rules: list[RuleHealth]) -> Monitoring:
    if isinstance(runs, Rows) and runs.rows:
        return "on"
    if isinstance(runs, SentinelError) and not _is_absent(runs):
        return "unknown"
    # No run is expected of a rule that is off, or of one that has none of its own.
    expected = any(each.kind in _WITH_RUNS and each.enabled for each in rules)
    return "no_data" if expected else "unknown"


def _notices(runs: Found, alerts: Found, rules: list[RuleHealth], days: int) -> list[str]:
    told: list[str] = []
    if _monitoring(runs, rules) == "no_data":
        told.append(
            f"SentinelHealth has no run of a rule in {days} days: health monitoring is off, or "
            "the rule is new. It is switched on in Sentinel's settings (Auditing and health "
            "monitoring)."
        )
    if rules and not any(each.kind in _WITH_RUNS for each in rules):
        told.append(f"Rules of kind {rules[0].kind} have no runs that are recorded.")
    if _is_absent(alerts):
        told.append("SecurityAlert does not exist yet: no rule has ever raised an alert.")
    for what, found in (("runs", runs), ("alerts", alerts)):
        if _is_cut(found):
            told.append(f"The {what} are incomplete: Azure answered only in part.")
    return told
