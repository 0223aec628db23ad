"""One page at a time: the first page of a pager, and the cursor that leads to the next.

A cursor is ours: a `$skipToken` and a digest of the call that it belongs to. The SDK's own
continuation token is a whole URL; taken from a caller, it would send our bearer token there.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from sentinel_mcp.errors import AzureError, InputError, Unavailable

if TYPE_CHECKING:
    from azure.core.async_paging import AsyncItemPaged, AsyncPageIterator

_DIGEST_BYTES = 16
_MAX_CURSOR = 16 * 1024


def encode_cursor(call: Mapping[str, object], token: str) -> str:
    """Return the cursor that continues `call` after the page that ended with `token`."""
    packed = _digest(call, token) + token.encode("utf-8")
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


def decode_cursor(call: Mapping[str, object], cursor: str) -> str:
    """Return the token in a cursor.

    The digest needs no key. It catches a cursor used with other arguments; forging one gains
    nothing, since the token goes nowhere but into `$skipToken` of the caller's own call.

    Raises:
        InputError: the cursor was changed, or belongs to a call with other arguments.

    """
    try:
        packed = base64.b64decode(
            cursor[:_MAX_CURSOR].encode("ascii") + b"=" * (-len(cursor) % 4),
            altchars=b"-_",
            validate=True,
        )
        token = packed[_DIGEST_BYTES:].decode("utf-8")
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise _foreign() from error
    if not token or encode_cursor(call, token) != cursor:
        raise _foreign()
    return token


async def first_page(pager: AsyncItemPaged[Any]) -> tuple[list[dict[str, Any]], str | None]:
    """Return the first page's items as they came, and the token of the next page, if any.

    Raises:
        AzureError: Azure continues the list in a way that has no token.
        Unavailable: what it answered is no list.

    """
    # by_page is declared as a plain iterator of pages; what it returns has the link, too.
    pages = cast("AsyncPageIterator[Any]", pager.by_page())
    with listed():
        page = await anext(pages, None)
        if page is None:
            return [], None
        items = [found async for item in page if (found := document_of(item)) is not None]
    return items, skip_token(pages.continuation_token)


def document_of(item: object) -> dict[str, Any] | None:
    """Return an item of a list as it came; None for what is no object.

    The SDK hands out what its model does not fit as plain JSON.
    """
    if isinstance(item, dict):
        return cast("dict[str, Any]", item)
    as_dict = getattr(item, "as_dict", None)
    return cast("dict[str, Any]", as_dict()) if callable(as_dict) else None


@contextlib.contextmanager
def listed() -> Generator[None]:
    """Turn the SDK's failure to read a list that is none into an error of ours."""
    try:
        yield
    except (AttributeError, KeyError, TypeError) as error:  # what the SDK raises of such a body
        raise Unavailable(
            "Azure's answer is no list.", hint="Try again; it may have been cut on the way."
        ) from error


def skip_token(link: str | None) -> str | None:
    """Return the token in a link to the next page, which is all that is taken from it.

    Raises:
        AzureError: the link has none.

    """
    if not link:
        return None
    # Tokens are base64 with a `+` now and then, which is not a space here.
    stated = urlsplit(link).query.replace("+", "%2B")
    query = {name.lower(): value for name, value in parse_qsl(stated)}
    # The indicators' links write it without the dollar sign.
    if token := query.get("$skiptoken") or query.get("skiptoken"):
        return token
    raise AzureError(
        "Azure answered with one page of a list and no token for the next one.",
        hint="Narrow the list down, so that it fits one page.",
    )


def _digest(call: Mapping[str, object], token: str) -> bytes:
    # json, not orjson: arguments may hold text that is not valid Unicode, and it escapes that.
    stated = json.dumps([dict(call), token], sort_keys=True, default=_stable)
    return hashlib.blake2b(stated.encode("ascii"), digest_size=_DIGEST_BYTES).digest()


def _stable(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, cast("set[object]", value)))
    return str(value)


def _foreign() -> InputError:
    return InputError(
        "The cursor does not belong to this call.",
        hint="Pass `next_cursor` unchanged, with the same arguments, or leave the cursor out.",
    )
