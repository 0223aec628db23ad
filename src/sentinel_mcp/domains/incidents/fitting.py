"""Makes parts of an answer small enough for it, whatever Azure or an attacker wrote into them."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from pydantic import BaseModel

from sentinel_mcp.domains.sizes import size_bytes

Item = TypeVar("Item", bound=BaseModel)

_STEPS = ((1_000, 25), (300, 10), (100, 3))
"""Characters of a text, and texts of a list: less and less, until it fits."""

_WHOLE = frozenset({"id", "etag", "workspace"})
"""What the next call needs as it is."""

_CUT = " … [cut]"


def fitted(item: Item, max_bytes: int) -> Item:
    """Return the part with its texts and lists as long as fits; ids stay whole."""
    for max_chars, max_items in _STEPS:
        if size_bytes(item) <= max_bytes:
            break
        item = type(item).model_validate(_shorter(item.model_dump(), max_chars, max_items))
    return item


def _shorter(value: Any, max_chars: int, max_items: int) -> Any:  # Any: a field of any model
    match value:
        case str() if len(value) > max_chars + len(_CUT):
            return value[:max_chars] + _CUT
        case dict():
            found = cast("dict[str, Any]", value)  # dumped by pydantic: names of fields
            return {
                key: each if key in _WHOLE else _shorter(each, max_chars, max_items)
                for key, each in found.items()
            }
        case list():
            items = cast("list[Any]", value)
            # Only texts are left out: of objects the section that lists them says how many.
            is_cut = len(items) > max_items and all(isinstance(each, str) for each in items)
            kept = items[:max_items] if is_cut else items
            shown = [_shorter(each, max_chars, max_items) for each in kept]
            return [*shown, _CUT.strip()] if is_cut else shown
        case _:
            return value
