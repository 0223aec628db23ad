"""Moments before others, as far back as there are any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EARLIEST = datetime.min.replace(tzinfo=UTC)


def earlier(moment: datetime, span: timedelta) -> datetime:
    """Return the moment that is `span` before another, or the earliest there is.

    Callers may state the year 1, and Azure writes it for what has not happened.
    """
    return moment - min(span, moment - EARLIEST)
