"""Finds hosts and devices that have stopped reporting, each by its own rhythm in a table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls, Failure, Rows
from sentinel_mcp.domains.connectors.accounts import hours_of
from sentinel_mcp.domains.connectors.models import MachineReport, MissingMachines, SilentMachine
from sentinel_mcp.domains.connectors.silence import LOOKBACK_DAYS, SLACK_H, Rhythm, state_of
from sentinel_mcp.domains.documents import number, text, time
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import SentinelError
from sentinel_mcp.kql.literals import identifier

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

REPORTERS = {
    "CommonSecurityLog": "iff(isnotempty(DeviceName), DeviceName, Computer)",
    "DeviceInfo": "DeviceName",
    "DnsEvents": "Computer",
    "Event": "Computer",
    "Heartbeat": "Computer",
    "SecurityEvent": "Computer",
    "Syslog": "iff(isnotempty(Computer), Computer, HostName)",
    "WindowsEvent": "Computer",
}
"""By table, what names the machine that its events are of; all of them end when it does."""

MAX_GB = 100.0
"""Of a table in the days looked back on: a larger one would cost more than the answer is worth."""

MAX_ROWS = 500
MAX_SHOWN = 50


def machines_query(table: str) -> str:
    """Return the query for the machines that were silent for some hours, the most regular first."""
    return f"""{identifier(table)}
| where TimeGenerated > ago({LOOKBACK_DAYS:d}d)
| extend Machine = tostring({REPORTERS[table]})
| where isnotempty(Machine)
| summarize LastEvent = max(TimeGenerated),
    Hours = make_set(datetime_diff("hour", now(), TimeGenerated), 400) by Machine
| where LastEvent < ago({SLACK_H:d}h)
| extend SilenceHours = (now() - LastEvent) / 1h, HoursCount = array_length(Hours)
| sort by HoursCount desc, Machine asc
| take {MAX_ROWS:d}"""


async def find_silent(
    calls: AzureCalls, context: AzureServicesContext, gigabytes: dict[str, float]
) -> MachineReport:
    """Return the machines of these tables that are silent for longer than they usually are."""
    looked_at = [each for each in gigabytes if gigabytes[each] <= MAX_GB]
    found = await asyncio.gather(
        *(
            calls.attempt(
                calls.query(
                    context,
                    f"look for silent machines in {table}",
                    machines_query(table),
                    timespan=f"P{LOOKBACK_DAYS}D",
                    max_rows=MAX_ROWS,
                )
            )
            for table in looked_at
        )
    )
    silent = [
        each
        for table, rows in zip(looked_at, found, strict=True)
        if isinstance(rows, Rows)
        for each in _silent(table, rows)
    ]
    silent.sort(key=lambda each: (-each.silence_h, each.machine, each.table))
    shown = _fitting(silent[:MAX_SHOWN], calls.max_answer_bytes // 4)
    return MachineReport(
        tables=[
            table for table, rows in zip(looked_at, found, strict=True) if isinstance(rows, Rows)
        ],
        silent_count=len(silent),
        silent=shown,
        not_looked_at=[
            *(
                _failed(table, rows)
                for table, rows in zip(looked_at, found, strict=True)
                if not isinstance(rows, Rows) or rows.fault
            ),
            *(
                MissingMachines(
                    table=table, reason=f"It took in over {MAX_GB:.0f} GB in {LOOKBACK_DAYS} days."
                )
                for table in gigabytes
                if table not in looked_at
            ),
        ],
        warnings=_warnings(silent, shown, found),
    )


def _silent(table: str, rows: Rows) -> Iterable[SilentMachine]:
    for row in rows.rows:
        machine, last = text(row, "Machine", 300), time(row, "LastEvent")
        silence_h = number(row, "SilenceHours")
        rhythm = Rhythm.of(hours_of(row.get("Hours")))
        if machine is None or last is None or silence_h is None or rhythm.usual_gap_h is None:
            continue
        if state_of(rhythm, silence_h) == "silent":
            yield SilentMachine(
                machine=machine,
                table=table,
                last_event=last,
                silence_h=round(silence_h, 1),
                usual_gap_h=rhythm.usual_gap_h,
                longest_gap_h=rhythm.longest_gap_h,
            )


def _failed(table: str, rows: Rows | SentinelError) -> MissingMachines:
    if isinstance(rows, SentinelError):
        return MissingMachines(table=table, reason=rows.message, error=Failure.of(rows))
    reason = rows.fault.message if rows.fault else "Azure answered only in part."
    return MissingMachines(table=table, reason=reason, error=rows.fault)


def _fitting(machines: Sequence[SilentMachine], max_bytes: int) -> list[SilentMachine]:
    shown: list[SilentMachine] = []
    size = 0
    for each in machines:
        size += size_bytes(each)
        if size > max_bytes:
            break
        shown.append(each)
    return shown


def _warnings(
    silent: Sequence[SilentMachine],
    shown: Sequence[SilentMachine],
    found: Sequence[Rows | SentinelError],
) -> list[str]:
    warnings: list[str] = []
    if len(silent) > len(shown):
        warnings.append(f"The {len(shown)} longest silences of {len(silent)} are here.")
    if any(isinstance(each, Rows) and len(each.rows) >= MAX_ROWS for each in found):
        warnings.append(
            f"Of one table only the {MAX_ROWS} machines with the most hours of data were judged."
        )
    return warnings
