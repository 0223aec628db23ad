"""Reports how much data the tables take in, what stands out, and about what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean, median
from typing import Any

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import flag, number, text, time
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.workspace.usage.models import (
    CostEstimate,
    DayVolume,
    TableVolume,
    UsageReport,
    VolumeAnomaly,
)

ROLE = "Log Analytics Reader or Microsoft Sentinel Reader"
LIST_PRICE = 4.30
"""US dollars for a gigabyte of analytics logs with Sentinel, pay as you go, in East US."""
CURRENCY = "USD"

MAX_ROWS = 60_000
MAX_ANOMALIES = 20
MAX_FREE = 100
ALIKE_DAYS = 3
"""So many working days, or days of weekends, tell what is usual for such a day."""

SMALLEST_TIER_GB = 100
BREAK_EVEN = 0.7
"""At list prices a tier costs as much as this part of its volume does by the gigabyte."""

WORTH_TELLING = 0.005
"""Of the mean day of all tables: a smaller difference is not told."""

JUDGED = (
    "A day stands out when it is over 4 times the usual spread, and over half, away from the "
    "table's median of the same kind of day (working day or weekend), and the difference is over "
    f"{WORTH_TELLING:.1%} of a mean day of all tables. Only whole days are compared, of each table "
    "those since its first."
)


BEFORE_DAYS = 2
"""Read before the range, to tell a table that begins in it from one that was there."""


def usage_query(days: int) -> str:
    """Return the query for whole days in UTC; `Quantity` is in MB, a thousand of which are a GB."""
    return f"""Usage
| where TimeGenerated > ago({days + BEFORE_DAYS:d}d) and StartTime < startofday(now())
| summarize Megabytes = sum(Quantity), Begin = min(StartTime)
    by DataType, Billable = IsBillable, Day = startofday(StartTime)
| extend Today = startofday(now())
| order by Day asc, DataType asc"""


@dataclass(frozen=True, slots=True)
class Price:
    """What a gigabyte costs; without an amount the public list price is taken, and named."""

    per_gb: float | None
    currency: str | None

    @property
    def amount(self) -> float:
        """The price of a gigabyte."""
        return LIST_PRICE if self.per_gb is None else self.per_gb

    @property
    def unit(self) -> str:
        """The currency: of a price without one it is not known."""
        return self.currency or (CURRENCY if self.per_gb is None else "not said")

    @property
    def basis(self) -> str:
        """Where the price is from."""
        if self.per_gb is None:
            return (
                f"list price of {LIST_PRICE:.2f} {CURRENCY} a GB (East US, pay as you go), "
                "no commitment tier; other regions and contracts differ"
            )
        return "price given by the caller, no commitment tier"


class UsageReports:
    """Reads the workspace's own account of its volume: one query, whatever there is."""

    def __init__(self, calls: AzureCalls) -> None:
        self._calls = calls

    async def report(
        self, price: Price, *, days: int, limit: int, cursor: str | None, workspace: str | None
    ) -> UsageReport:
        """Report the last `days` whole days, the largest tables first."""
        context = await self._calls.open(workspace)
        found = await self._calls.query(
            context,
            "read the usage",
            usage_query(days),
            timespan=f"P{days + BEFORE_DAYS:d}D",
            max_rows=MAX_ROWS,
        )
        ledger = Ledger.of(found.rows, days)
        call = {
            "tool": "get_usage_report",
            "workspace": context.config.name,
            "days": days,
            "price": price.amount,
            "last": ledger.days[-1] if ledger.days else None,
        }
        # Half an answer for the page: days, anomalies and free tables come beside it.
        room = self._calls.max_answer_bytes // 2
        total = sum(ledger.by_day)
        page = page_of(
            [_volume(each, ledger, price, total) for each in ledger.names],
            PageRequest(call, limit, cursor, room),
        )
        least_gb = WORTH_TELLING * fmean(ledger.by_day or [0.0])
        anomalies = [each for name in ledger.names for each in _anomalies(name, ledger, least_gb)]
        anomalies.sort(key=lambda each: -abs(each.gb - each.usual_gb))
        free = [each for each in ledger.names if not any(ledger.billable[each].values())]
        billable = sum(ledger.billable_by_day)
        per_day = billable / len(ledger.days) if ledger.days else 0.0
        return UsageReport(
            workspace=context.config.name,
            first_day=ledger.days[0] if ledger.days else None,
            last_day=ledger.days[-1] if ledger.days else None,
            days=len(ledger.days),
            total_gb=_round(total),
            billable_gb=_round(billable),
            billable_gb_per_day=_round(per_day),
            trend_percent=_trend(ledger.by_day),
            by_day=[
                DayVolume(day=day, gb=_round(gb), billable_gb=_round(paid))
                for day, gb, paid in zip(
                    ledger.days, ledger.by_day, ledger.billable_by_day, strict=True
                )
            ],
            tables=page.items,
            tables_count=len(ledger.names),
            next_cursor=page.next_cursor,
            free_tables=free[:MAX_FREE],
            anomalies=anomalies[:MAX_ANOMALIES],
            judged=JUDGED,
            cost=CostEstimate(
                for_range=_money(billable * price.amount),
                per_30_days=_money(30 * per_day * price.amount),
                currency=price.unit,
                price_per_gb=price.amount,
                basis=price.basis,
            ),
            commitment_hint=_hint(per_day),
            warnings=[
                *_warnings(days, ledger, anomalies, free),
                *(["Only a part of the usage was read."] if found.truncated else []),
                *([f"Azure answered in part: {found.fault.message}"] if found.fault else []),
            ],
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """Gigabytes by table and day, and the part of them that is billed; whole days only."""

    days: Sequence[date]
    names: Sequence[str]
    """The tables, the largest first."""
    all: Mapping[str, Mapping[date, float]]
    billable: Mapping[str, Mapping[date, float]]
    begins: Mapping[str, date]
    """The first whole day of the tables that began within the range."""
    cut_day: date | None
    """The day within which all data begins: only a part of a day, and not counted."""

    @classmethod
    def of(
        cls,
        rows: Sequence[Mapping[str, Any]],  # Any: cells, read by our readers
        most_days: int,
    ) -> Ledger:
        """Read the rows of the query; days without any data are days of nothing.

        Of days that are further apart than `most_days` the last are kept: each is in the answer.
        """
        dated = [
            (name, at.date(), row)
            for row in rows
            if (at := time(row, "Day")) and (name := text(row, "DataType", 200))
        ]
        latest = max((day for _, day, _ in dated), default=date.min)
        todays = [at.date() for _, _, row in dated if (at := time(row, "Today"))]
        last = max(todays) - timedelta(days=1) if todays else latest
        first = date.fromordinal(max(1, last.toordinal() - most_days + 1))
        dated = [each for each in dated if (first - each[1]).days <= BEFORE_DAYS]
        begins = _begins(dated, first)
        start = min(begins.values(), default=first) if len(begins) == _count(dated) else first
        everything: dict[str, dict[date, float]] = {}
        billable: dict[str, dict[date, float]] = {}
        for name, day, row in dated:
            if not start <= day <= last:
                continue
            gb = (number(row, "Megabytes") or 0.0) / 1000
            for kept, part in ((everything, gb), (billable, gb if flag(row, "Billable") else 0.0)):
                table = kept.setdefault(name, {})
                table[day] = table.get(day, 0.0) + part
        seen = sorted({day for table in everything.values() for day in table})
        begin = max(start, seen[0]) if seen and not todays else start
        count = (last - begin).days + 1 if seen else 0
        earliest = min((day for _, day, _ in dated), default=start)
        return cls(
            days=[begin + timedelta(days=each) for each in range(count)],
            names=sorted(everything, key=lambda each: (-sum(everything[each].values()), each)),
            all=everything,
            billable=billable,
            begins=begins,
            cut_day=earliest if first <= earliest < start else None,
        )

    @property
    def by_day(self) -> list[float]:
        """The gigabytes of each day."""
        return [sum(table.get(day, 0.0) for table in self.all.values()) for day in self.days]

    @property
    def billable_by_day(self) -> list[float]:
        """The billed gigabytes of each day."""
        return [sum(table.get(day, 0.0) for table in self.billable.values()) for day in self.days]

    def of_table(self, name: str) -> list[float]:
        """Return the gigabytes of a table on each day."""
        return [self.all[name].get(day, 0.0) for day in self.days]

    def whole_days(self, name: str) -> dict[date, float]:
        """Return the gigabytes of the days to compare: from the table's first whole day on."""
        begin = self.begins.get(name, date.min)
        return {day: self.all[name].get(day, 0.0) for day in self.days if day >= begin}


def _count(dated: Sequence[tuple[str, date, Mapping[str, Any]]]) -> int:
    return len({name for name, *_ in dated})


def _begins(
    dated: Sequence[tuple[str, date, Mapping[str, Any]]],  # Any: cells, read by our readers
    first: date,
) -> dict[str, date]:
    """Return the first whole day of each table that has no data before the range."""
    begins: dict[str, datetime] = {}
    for name, _, row in dated:
        if begin := time(row, "Begin"):
            begins[name] = min(begin, begins.get(name, begin))
    return {
        name: begin.date() + timedelta(days=begin.time() != datetime.min.time())
        for name, begin in begins.items()
        if begin.date() >= first
    }


def _volume(name: str, ledger: Ledger, price: Price, total: float) -> TableVolume:
    by_day, whole = ledger.of_table(name), [*ledger.whole_days(name).values()]
    billable = sum(ledger.billable[name].values())
    return TableVolume(
        table=name,
        gb=_round(sum(by_day)),
        billable_gb=_round(billable),
        share_percent=round(100 * sum(by_day) / (total or 1), 1),
        usual_gb_per_day=_round(median(whole or by_day)),
        trend_percent=_trend(whole),
        gb_by_day=[_round(each) for each in by_day],
        cost=_money(billable * price.amount),
    )


def _anomalies(name: str, ledger: Ledger, least_gb: float) -> list[VolumeAnomaly]:
    values = ledger.whole_days(name)
    found: list[VolumeAnomaly] = []
    for is_weekend in (False, True):
        alike = {day: gb for day, gb in values.items() if (day.weekday() > 4) is is_weekend}
        if len(alike) < ALIKE_DAYS:
            continue
        usual = median(alike.values())
        # 1.4826 makes the median deviation the standard deviation of a normal distribution.
        spread = 1.4826 * median(abs(each - usual) for each in alike.values())
        found += [
            VolumeAnomaly(table=name, day=day, gb=_round(gb), usual_gb=_round(usual))
            for day, gb in alike.items()
            if abs(gb - usual) > max(4 * spread, usual / 2, least_gb)
        ]
    return found


def _trend(by_day: Sequence[float]) -> float | None:
    """Return by how many percent the last whole weeks differ from as many weeks before."""
    days = 7 * (len(by_day) // 14)
    if not days:
        return None
    before, after = fmean(by_day[-2 * days : -days]), fmean(by_day[-days:])
    return round(100 * (after - before) / before, 1) if before else None


def _hint(billable_per_day: float) -> str | None:
    if billable_per_day < BREAK_EVEN * SMALLEST_TIER_GB:
        return None
    return (
        f"At {billable_per_day:.0f} GB a day a commitment tier (from {SMALLEST_TIER_GB} GB a day) "
        f"is worth a look: at list prices one pays from about {BREAK_EVEN:.0%} of its volume on."
    )


def _warnings(
    days: int, ledger: Ledger, anomalies: Sequence[VolumeAnomaly], free: Sequence[str]
) -> list[str]:
    told: list[str] = []
    if not ledger.days:
        told.append("The workspace accounts for no data in this range.")
    elif len(ledger.days) < days:
        told.append(
            f"The data begins within the range: {len(ledger.days)} of the {days} days are counted."
        )
    if ledger.cut_day:
        told.append(f"{ledger.cut_day} is left out: the data begins within it.")
    if len(anomalies) > MAX_ANOMALIES:
        told.append(f"The {MAX_ANOMALIES} largest of {len(anomalies)} anomalies are shown.")
    if len(free) > MAX_FREE:
        told.append(f"{len(free) - MAX_FREE} more tables are free of charge.")
    return told


def _round(gigabytes: float) -> float:
    return round(gigabytes, 6)


def _money(amount: float) -> float:
    return round(amount, 2)
