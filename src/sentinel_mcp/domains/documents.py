"""Reads Azure's JSON documents: what is missing or of the wrong kind is left out.

Azure's documents are put together from many products, and one odd field must not hide a whole
incident. So no reader here raises: an absent, null or misshapen value is None, empty or skipped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

Document = Mapping[str, Any]
"""A JSON object as Azure sends it: a value is of any kind until a reader has looked."""

Scalar = str | int | float | bool | None

TEXT_CHARS = 2_000
MAX_TEXTS = 25
"""Labels, tactics, steps and the like, of one thing."""
MAX_VALUES = 40
"""Values of one flattened object."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def text(document: Document, key: str, max_chars: int = TEXT_CHARS) -> str | None:
    """Return a text, or its beginning with a note of how long it is; an empty one is None."""
    match document.get(key):
        case str() as value if value:
            return cut(value, max_chars)
        case bool():
            return None
        case int() | float() as value:
            return str(value)
        case _:
            return None


def texts(document: Document, key: str, max_chars: int = TEXT_CHARS) -> list[str]:
    """Return the texts of a list; after `MAX_TEXTS` of them, how many there are."""
    return shortened([cut(each, max_chars) for each in strings(document, key)])


def strings(document: Document, key: str) -> list[str]:
    """Return the texts of a list, all of them as they are."""
    return [each for each in _items(document, key) if isinstance(each, str)]


def shortened(found: list[str]) -> list[str]:
    """Return the first `MAX_TEXTS`, and a note where there are more."""
    if len(found) <= MAX_TEXTS:
        return found
    return [*found[:MAX_TEXTS], f"… [cut: {len(found)} in all]"]


def whole(document: Document, key: str) -> int | None:
    """Return a whole number; Azure sends some of them as texts."""
    match document.get(key):
        case bool():
            return None
        case int() as value:
            return value
        case float() as value if value.is_integer():
            return int(value)
        case str() as value if value.isascii() and value.removeprefix("-").isdigit():
            return int(value) if len(value) < 20 else None
        case _:
            return None


def number(document: Document, key: str) -> float | None:
    """Return a number."""
    value = document.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def flag(document: Document, key: str) -> bool | None:
    """Return true, false, or None where neither is said."""
    value = document.get(key)
    return value if isinstance(value, bool) else None


def time(document: Document, key: str) -> datetime | None:
    """Return a point in time, in UTC; one without a zone is taken as UTC."""
    value = document.get(key)
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:  # year 1 with an offset, which some products send for "never"
        return None


def inner(document: Document, key: str) -> Document:
    """Return the object at `key`, an empty one where there is none."""
    value = document.get(key)
    return as_document(value) or {}


def inners(document: Document, key: str) -> list[Document]:
    """Return the objects of a list."""
    found = [as_document(each) for each in _items(document, key)]
    return [each for each in found if each is not None]


def as_document(value: object) -> Document | None:
    """Return `value` when it is a JSON object."""
    # The keys of a JSON object are texts.
    return cast("Document", value) if isinstance(value, Mapping) else None


def name(document: Document) -> str:
    """Return the resource's name: the end of its id where it is not said."""
    return text(document, "name") or last_segment(text(document, "id") or "")


def last_segment(resource_id: str) -> str:
    """Return the name at the end of an ARM id."""
    return resource_id.rstrip("/").rpartition("/")[2]


def person(document: Document) -> str | None:
    """Return the one text that tells best who somebody is."""
    for key in ("userPrincipalName", "email", "assignedTo", "name", "objectId"):
        if found := text(document, key, 200):
            return found
    return None


def cut(value: str, max_chars: int) -> str:
    """Return `value`, or its beginning with a note of how long it is.

    An unpaired surrogate, which JSON can carry and UTF-8 cannot, becomes a question mark.
    """
    if not value.isascii():
        value = value.encode(errors="replace").decode()
    if len(value) <= max_chars:
        return value
    return f"{value[:max_chars]} … [cut: {len(value):,} characters in all]"


def snake_case(key: str) -> str:
    """Return `aadUserId` as `aad_user_id`."""
    return _HUMP.sub("_", key).replace(" ", "_").replace("-", "_").lower()


def uncapitalised(document: Document) -> dict[str, Any]:
    """Return the object with keys that begin in lower case; the values stay as they came.

    Some answers of Log Analytics capitalise their keys: `DisplayName`.
    """
    return {key[:1].lower() + key[1:]: value for key, value in document.items()}


def flattened(
    document: Document, *, without: frozenset[str] = frozenset(), max_chars: int = 300
) -> dict[str, Scalar]:
    """Return the object as one level of snake-case keys and scalars, at most `MAX_VALUES`.

    `{"location": {"countryCode": "NO"}}` becomes `{"location_country_code": "NO"}`; a list of
    scalars becomes one text, of a list of objects the count is told.
    """
    flat: dict[str, Scalar] = {}
    for key, value in document.items():
        if key not in without:
            _flatten(flat, snake_case(key), value, max_chars, depth=0)
    if len(flat) <= MAX_VALUES:
        return flat
    kept = dict(list(flat.items())[:MAX_VALUES])
    return {**kept, "cut": f"{len(flat)} values in all"}


def _flatten(
    flat: dict[str, Scalar], key: str, value: object, max_chars: int, *, depth: int
) -> None:
    match value:
        case None | "":
            return
        case str():
            flat[key] = cut(value, max_chars)
        case bool() | int() | float():
            flat[key] = value
        case Mapping():
            if depth < 4:
                for sub_key, sub_value in cast("Document", value).items():
                    _flatten(
                        flat, f"{key}_{snake_case(sub_key)}", sub_value, max_chars, depth=depth + 1
                    )
            else:
                flat[key] = "[nested too deep]"
        case list():
            found = cast("list[object]", value)
            scalars = [str(each) for each in found if isinstance(each, str | int | float)]
            if scalars:
                flat[key] = cut(", ".join(scalars), max_chars)
            elif found:
                flat[key] = f"[{len(found)} items]"
        case _:
            return


def _items(document: Document, key: str) -> list[object]:
    value = document.get(key)
    # A JSON list holds anything; each item is looked at before it is used.
    return cast("list[object]", value) if isinstance(value, list) else []
