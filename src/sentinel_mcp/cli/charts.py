"""Draws a result with characters, the way the query's `render` asks for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

NUMERIC = frozenset({"int", "long", "real", "decimal"})
LINES = frozenset({"timechart", "linechart", "areachart", "stackedareachart", "timepivot"})

BAR_CHARS = 48
LABEL_CHARS = 40
MAX_BARS = 60
SPARK_CHARS = 72
_LEVELS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Result:
    """Columns as (name, type), and their rows."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[object]]


def draw(result: Result, kind: str | None) -> list[str]:
    """Return the lines of the picture; `kind` is what `render` names, if the query has one.

    Lines are drawn for charts over time, bars for everything else. A result without a numeric
    column has no picture and gets a line that says so.
    """
    numeric = [index for index, (_, type_) in enumerate(result.columns) if type_ in NUMERIC]
    if not numeric or not result.rows:
        return ["There is nothing to draw: no rows, or no column of numbers."]
    when = next((i for i, (_, type_) in enumerate(result.columns) if type_ == "datetime"), None)
    if when is not None and (kind is None or kind in LINES):
        return _lines(result, when, numeric)
    return _bars(result, numeric)


def _bars(result: Result, numeric: Sequence[int]) -> list[str]:
    labels = [index for index in range(len(result.columns)) if index not in numeric]
    rows = result.rows[:MAX_BARS]
    names = [_shorter(" · ".join(_text(row[index]) for index in labels)) for row in rows]
    width = max(map(len, names), default=0)
    lines: list[str] = []
    for index in numeric:
        values = [_number(row[index]) for row in rows]
        # A logarithm would flatter small bars: lengths are in proportion to the largest value.
        largest = max((abs(value) for value in values if value is not None), default=0) or 1
        lines.append(result.columns[index][0])
        for name, value in zip(names, values, strict=True):
            bar = "" if value is None else _bar(abs(value) / largest)
            shown = "-" if value is None else _amount(value)
            lines.append(f"  {name.ljust(width)}  {bar} {shown}")
        lines.append("")
    if len(result.rows) > len(rows):
        lines.append(f"… and {len(result.rows) - len(rows)} more")
    return lines


def _bar(share: float) -> str:
    eighths = round(share * BAR_CHARS * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def _lines(result: Result, when: int, numeric: Sequence[int]) -> list[str]:
    """Draw each series as a line of levels, all over the same stretch of time."""
    times = [_time(row[when]) for row in result.rows]
    known = [each for each in times if each is not None]
    if not known:
        return ["There is nothing to draw: no row has a time."]
    first, last = min(known), max(known)
    span_s = (last - first).total_seconds() or 1.0
    width_chars = _width(sorted({(each - first).total_seconds() for each in known}))
    splitters = [i for i in range(len(result.columns)) if i != when and i not in numeric]
    series: dict[str, list[float | None]] = {}
    for row, at in zip(result.rows, times, strict=True):
        if at is None:
            continue
        place = round((at - first).total_seconds() / span_s * (width_chars - 1))
        split = " · ".join(_text(row[index]) for index in splitters)
        for index in numeric:
            name = result.columns[index][0]
            name = split if split and len(numeric) == 1 else f"{split} {name}".strip()
            values = series.setdefault(_shorter(name), [None] * width_chars)
            value = _number(row[index])
            if value is not None:
                values[place] = (values[place] or 0) + value
    width = max(map(len, series))
    lines = [_series(name.ljust(width), values) for name, values in series.items()]
    gap = max(2, width_chars - 32)
    lines.append(f"{' ' * width}  {first:%Y-%m-%d %H:%M}{' ' * gap}{last:%Y-%m-%d %H:%M}")
    return lines


def _width(seconds: Sequence[float]) -> int:
    """Return one place for each step of evenly spaced times, or all places there are."""
    steps = [later - earlier for earlier, later in itertools.pairwise(seconds)]
    if not steps:
        return 1
    return min(SPARK_CHARS, round(seconds[-1] / min(steps)) + 1)


def _series(name: str, values: Sequence[float | None]) -> str:
    known = [each for each in values if each is not None]
    if not known:
        return f"{name}  no values"
    low, high = min(0.0, *known), max(known)
    span = (high - low) or 1.0
    drawn = "".join(
        " " if each is None else _LEVELS[min(7, int((each - low) / span * 8))] for each in values
    )
    return f"{name}  {drawn}  {_amount(min(known))} to {_amount(high)}"


def _shorter(text: str) -> str:
    return text if len(text) <= LABEL_CHARS else f"{text[: LABEL_CHARS - 1]}…"


def _text(value: object) -> str:
    return "" if value is None else "".join(c if c.isprintable() else " " for c in str(value))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(str(value))  # decimals, and NaN and the infinities, come as text
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.6g}"


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None
