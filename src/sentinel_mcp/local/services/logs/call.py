"""What a query request asks for, read and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

from sentinel_mcp.errors import InputError, UnsupportedLocally
from sentinel_mcp.kql.results import Environment
from sentinel_mcp.kql.timespan import Timespan, parse_timespan
from sentinel_mcp.local import identity
from sentinel_mcp.local.services.faults import Body, bad_argument

DEFAULT_WAIT_S = 180
MAX_WAIT_S = 600

_ISO = re.compile(r"P.*|[^/]*/[^/]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class QueryCall:
    """One query as it was asked for; `wait_s` is how long it may run."""

    query: str
    timespan: Timespan | None
    wait_s: int
    wants_statistics: bool
    wants_render: bool
    environment: Environment = "sentinel"

    @classmethod
    def of(cls, body: Body, prefer: str) -> QueryCall:
        """Read the body and the `Prefer` header of a request."""
        query = body.get("query")
        if not isinstance(query, str) or not query.strip():
            raise bad_argument("MissingQuery", "The property 'query' must be a non-empty string.")
        _check_workspaces(body.get("workspaces"))
        wishes = _wishes(prefer)
        return cls(
            query=query,
            timespan=_timespan(body.get("timespan")),
            wait_s=_wait_s(wishes.get("wait")),
            wants_statistics=wishes.get("include-statistics") == "true",
            wants_render=wishes.get("include-render") == "true",
        )


def _wishes(prefer: str) -> dict[str, str]:
    """Read `wait=30,include-render=true`; SDKs part the wishes by commas, semicolons or blanks."""
    parts = re.split(r"[,;\s]+", prefer.strip().lower())
    return {name: value for name, _, value in (part.partition("=") for part in parts)}


def _wait_s(text: str | None) -> int:
    if text is None:
        return DEFAULT_WAIT_S
    if not text.isascii() or not text.isdigit():
        raise bad_argument("InvalidWait", "The preference 'wait' must be a number of seconds.")
    return max(1, min(int(text[:6]), MAX_WAIT_S))


def _timespan(value: Any) -> Timespan | None:
    if value is None or value == "":
        return None
    # Short forms such as `7d` are ours; Log Analytics takes ISO 8601 alone.
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        raise bad_argument(
            "InvalidTimespan", "The property 'timespan' must be an ISO 8601 duration or interval."
        )
    try:
        return parse_timespan(value)
    except InputError as error:
        raise bad_argument("InvalidTimespan", error.message) from error


def _check_workspaces(value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, list):
        raise bad_argument("InvalidWorkspaces", "The property 'workspaces' must be an array.")
    own = {identity.WORKSPACE_ID, identity.WORKSPACE_NAME, identity.RESOURCE_ID}
    known = {each.lower() for each in own}
    for each in cast("list[Any]", value):
        if str(each).lower() not in known:
            raise UnsupportedLocally(
                "The embedded workspace is the only one it can query: other workspaces are not "
                "reachable from it.",
                hint="Leave them out of the request.",
            )
