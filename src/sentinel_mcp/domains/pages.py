"""Pages of a list that is held whole, because Azure gives it whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from sentinel_mcp.azure.paging import decode_cursor, encode_cursor
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import InputError

Item = TypeVar("Item", bound=BaseModel)

_OFFSET_DIGITS = 7


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of which call; the cursor is of no use to another call."""

    call: Mapping[str, object]
    limit: int
    cursor: str | None
    max_bytes: int


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Item]):
    """The items of a page, and the cursor of the next one."""

    items: list[Item]
    next_cursor: str | None


def page_of(items: Sequence[Item], request: PageRequest) -> ListPage[Item]:
    """Return the page that is asked for: at most `limit` items and `max_bytes` of JSON.

    Raises:
        InputError: the cursor is not one of this call.

    """
    start = 0 if request.cursor is None else _offset(decode_cursor(request.call, request.cursor))
    shown: list[Item] = []
    size = 0
    for item in items[start : start + request.limit]:
        size += size_bytes(item)
        if shown and size > request.max_bytes:
            break
        shown.append(item)
    following = start + len(shown)
    more = following < len(items)
    return ListPage(shown, encode_cursor(request.call, str(following)) if more else None)


def _offset(token: str) -> int:
    if not (token.isascii() and token.isdigit() and len(token) <= _OFFSET_DIGITS):
        raise InputError(
            "The cursor cannot be read.", hint="Take `next_cursor` of the previous page as it is."
        )
    return int(token)
