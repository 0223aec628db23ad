from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_mcp.errors import InputError
from sentinel_mcp.kql.timespan import LONGEST, parse_timespan

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("PT1H", "PT1H"),
        ("P7D", "P7D"),
        ("P1W", "P7D"),
        ("P1M", "P30D"),
        ("P1Y", "P365D"),
        ("P1DT12H", "P1DT12H"),
        ("PT1.5H", "PT1H30M"),
        ("PT90S", "PT1M30S"),
        ("PT0.25S", "PT0.25S"),
        ("7d", "P7D"),
        ("12h", "PT12H"),
        ("30m", "PT30M"),
        ("30s", "PT30S"),
        ("1w", "P7D"),
        ("1d12h", "P1DT12H"),
        ("1.5d", "P1DT12H"),
        (" 7d ", "P7D"),
        ("2026-01-01/2026-01-08", "2026-01-01T00:00:00Z/2026-01-08T00:00:00Z"),
        ("2026-01-01T08:00Z/PT1H", "2026-01-01T08:00:00Z/2026-01-01T09:00:00Z"),
        ("P1D/2026-01-08", "2026-01-07T00:00:00Z/2026-01-08T00:00:00Z"),
        ("2026-01-01T00:00+02:00/2026-01-01", "2025-12-31T22:00:00Z/2026-01-01T00:00:00Z"),
        (
            "2026-01-01T00:00:00.5/2026-01-02",
            "2026-01-01T00:00:00.500000Z/2026-01-02T00:00:00Z",
        ),
    ],
)
def test_what_people_write_becomes_what_log_analytics_takes(text: str, iso: str) -> None:
    assert parse_timespan(text).iso == iso


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("banana", "'banana' is not a duration"),
        ("7 days ago", "'7 days ago' is not a duration"),
        ("P1Q", "'P1Q' is not a duration"),
        ("", "'' is not a duration"),
        ("P", "is not a duration"),
        ("PT", "is not a duration"),
        ("P1DT", "is not a duration"),
        ("1h30", "is not a duration"),
        ("2026-01-01", "is not a duration"),
        ("\u0667d", "is not a duration"),
        ("P\uff17D", "is not a duration"),
        ("-7d", "cannot be negative"),
        ("-P7D", "cannot be negative"),
        ("0d", "has no length"),
        ("P0D", "has no length"),
        ("PT0.0000001S", "has no length"),
        ("2026-02-30/2026-03-01", "'2026-02-30' is not a date"),
        ("2026-03-02/2026-03-01", "end lies before its start"),
        ("2026-03-01/2026-03-01", "begins and ends at the same moment"),
        ("2026-01-01/2026-01-02/2026-01-03", "more than one"),
        ("/", "is not a date"),
        ("2026-01-01/", "is not a date"),
        ("/PT1H", "is not a date"),
        ("PT1H/PT1H", "is not a date"),
        ("\u0662026-01-01/2026-01-02", "is not a date"),
        ("10000-01-01/10001-01-01", "is not a date"),
        ("9999-12-31/P2D", "leaves the years 1 to 9999"),
        ("P1D/0001-01-01", "leaves the years 1 to 9999"),
        ("0001-01-01T00:00+14:00/2026-01-01", "leaves the years 1 to 9999"),
        ("36526d", "longer than 100 years"),
        ("999999999999999999999d", "longer than 100 years"),
        (f"{'9' * 5000}d", "longer than 100 years"),
        ("1900-01-01/2026-01-01", "longer than 100 years"),
    ],
)
def test_a_timespan_that_cannot_be_meant_is_refused_and_said_why(text: str, why: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_timespan(text)

    assert why in refused.value.message
    assert refused.value.hint
    assert "PT1H" in refused.value.hint


def test_a_refusal_of_a_long_text_stays_short() -> None:
    with pytest.raises(InputError) as refused:
        parse_timespan("x" * 1_000_000)

    assert len(str(refused.value)) < 500


@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=LONGEST))
def test_a_duration_survives_its_own_iso_form(duration: timedelta) -> None:
    hours, rest = divmod(duration, timedelta(hours=1))
    seconds = rest.total_seconds()
    parsed = parse_timespan(f"PT{hours}H{seconds:.6f}S")

    assert parsed.duration == duration
    assert parse_timespan(parsed.iso) == parsed


@given(
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1950, 1, 1)),
    st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=3650)),
)
def test_an_interval_survives_its_own_iso_form(start: datetime, length: timedelta) -> None:
    end = min(start + length, datetime.max.replace(tzinfo=UTC)) if start.year < 9980 else start
    if end <= start:
        return
    parsed = parse_timespan(f"{start.isoformat()}/{end.isoformat()}")

    assert (parsed.start, parsed.end) == (start, end)
    assert parse_timespan(parsed.iso) == parsed


@given(st.text())
def test_any_text_is_a_timespan_or_refused(text: str) -> None:
    try:
        parsed = parse_timespan(text)
    except InputError as refused:
        assert refused.hint
    else:
        start, end = parsed.bounds(NOW)
        assert start < end


def test_a_duration_ends_now_and_an_interval_where_it_says() -> None:
    assert parse_timespan("2d").bounds(NOW) == (NOW - timedelta(days=2), NOW)
    assert parse_timespan("2026-01-01/P1D").bounds(NOW) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 2, tzinfo=UTC),
    )
