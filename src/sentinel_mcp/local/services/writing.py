"""Taking a document that a client sends: what it must say, what it may say, what is ours to say."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, cast

from starlette.requests import Request

from sentinel_mcp.local.services.faults import Body, bad_request

Clock = Callable[[], datetime]


def properties_of(body: Body) -> Body:
    """Return the `properties` of a document, which must be an object."""
    found = body.get("properties")
    if not isinstance(found, dict):
        raise bad_request("The property 'properties' is required and must be an object.")
    return cast("Body", found)


def text_of(properties: Body, name: str, *, required: bool = False) -> str | None:
    """Return a text property; a required one must not be empty."""
    found = properties.get(name)
    if found is None and not required:
        return None
    if not isinstance(found, str) or (required and not found.strip()):
        raise bad_request(f"The property {name!r} must be a{' non-empty' * required} string.")
    return found


def choice_of(
    properties: Body, name: str, choices: Collection[str], *, required: bool = False
) -> str | None:
    """Return a property that must be one of a closed set."""
    found = text_of(properties, name, required=required)
    if found is not None and found not in choices:
        raise bad_request(
            f"The property {name!r} must be one of {', '.join(choices)}, not {found!r}."
        )
    return found


def etag_of(request: Request, body: Body) -> str | None:
    """Return the etag that the document must still have, from the header or from the body."""
    found: Any = request.headers.get("if-match") or body.get("etag")
    if found is None or found == "*":
        return None
    if not isinstance(found, str):
        raise bad_request("The property 'etag' must be a string.")
    return found


def stamp(clock: Clock) -> str:
    """Return the time as documents carry it."""
    return clock().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
