"""The parts of a document that a client sends: lists and moments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from sentinel_mcp.local.documents import Bodies
from sentinel_mcp.local.services.faults import Body, bad_request
from sentinel_mcp.local.services.writing import text_of


def texts(given: Body, name: str) -> list[str] | None:
    """Return a list of texts; None where there is none."""
    found = _items(given, name)
    if found is not None and not all(isinstance(each, str) for each in found):
        raise bad_request(f"The property {name!r} must be a list of strings.")
    return found


def objects(given: Body, name: str) -> Bodies | None:
    """Return a list of objects; None where there is none."""
    found = _items(given, name)
    if found is not None and not all(isinstance(each, dict) for each in found):
        raise bad_request(f"The property {name!r} must be a list of objects.")
    return found


def moment_of(given: Body, name: str) -> str | None:
    """Return a time as it was sent, once it is known to be one."""
    found = text_of(given, name)
    if found is not None:
        try:
            # Year 1 with an offset is no time in UTC, in which the logs have it.
            datetime.fromisoformat(found).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise bad_request(f"The property {name!r} must be a time, not {found!r}.") from error
    return found


def _items(given: Body, name: str) -> list[Any] | None:
    found: Any = given.get(name)
    if found is None:
        return None
    if not isinstance(found, list):
        raise bad_request(f"The property {name!r} must be a list.")
    return cast("list[Any]", found)
