"""Which indicators meet the criteria of `queryIndicators`, and in what order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from sentinel_mcp.local.services.faults import Body, bad_request

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1_000

_ORDERS = ("unsorted", "ascending", "descending")
_SORTABLE = frozenset(
    {
        "confidence",
        "created",
        "displayName",
        "lastUpdatedTimeUtc",
        "patternType",
        "source",
        "validFrom",
        "validUntil",
    }
)
_SEARCHED = ("displayName", "description", "pattern", "source", "externalId")


class Criteria:
    """The body of a `queryIndicators` request, checked."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self.page_size = self._whole("pageSize", 1, MAX_PAGE_SIZE) or DEFAULT_PAGE_SIZE
        self.skip_token = self._text("skipToken")
        self._low = self._whole("minConfidence", 0, 100)
        self._high = self._whole("maxConfidence", 0, 100)
        self._since = self._time("minValidUntil")
        self._until = self._time("maxValidUntil")
        self._sources = self._texts("sources")
        self._types = self._texts("patternTypes")
        self._threats = self._texts("threatTypes")
        self._ids = self._texts("ids")
        self._keywords = [each.casefold() for each in self._texts("keywords")]
        self._disabled = self._flag("includeDisabled")
        self._sorting = [self._sort(each) for each in self._objects("sortBy")]

    def apply(self, documents: Iterable[Body], now: datetime) -> list[Body]:
        """Return the documents that meet the criteria, in the order that is asked for."""
        kept = [each for each in documents if self._holds(each["properties"], each["name"], now)]
        # The last key counts least, and a stable sort keeps what the one before has done.
        for key, backwards in reversed(self._sorting):
            kept.sort(key=lambda each: _sortable(each["properties"].get(key)), reverse=backwards)
        return kept

    def _holds(self, properties: Body, name: str, now: datetime) -> bool:
        confidence = properties.get("confidence") or 0
        until = moment(properties.get("validUntil"))
        bounds = (
            self._low is None or confidence >= self._low,
            self._high is None or confidence <= self._high,
            self._since is None or (until is not None and until >= self._since),
            self._until is None or (until is not None and until <= self._until),
            not self._sources or properties.get("source") in self._sources,
            not self._types or properties.get("patternType") in self._types,
            not self._threats or bool({*self._threats} & {*properties.get("threatTypes", ())}),
            not self._ids or name in self._ids,
            self._disabled or is_in_force(properties, now),
        )
        return all(bounds) and self._mentions(properties)

    def _mentions(self, properties: Body) -> bool:
        if not self._keywords:
            return True
        told = [str(properties.get(each) or "") for each in _SEARCHED]
        text = "\n".join([*told, *properties.get("threatIntelligenceTags", ())]).casefold()
        return all(each in text for each in self._keywords)

    def _sort(self, stated: Body) -> tuple[str, bool]:
        key, order = stated.get("itemKey"), stated.get("sortOrder", "unsorted")
        if key not in _SORTABLE or order not in _ORDERS:
            raise bad_request(f"The sorting {stated!r} is not valid.")
        return str(key), order == "descending"

    def _whole(self, name: str, low: int, high: int) -> int | None:
        found = self._body.get(name)
        if found is None:
            return None
        if type(found) is not int or not low <= found <= high:
            raise bad_request(f"{name!r} must be a whole number from {low} to {high}.")
        return found

    def _text(self, name: str) -> str | None:
        found = self._body.get(name)
        if found is not None and not isinstance(found, str):
            raise bad_request(f"{name!r} must be a string.")
        return found or None

    def _time(self, name: str) -> datetime | None:
        text = self._text(name)
        if text is None:
            return None
        found = moment(text)
        if found is None:
            raise bad_request(f"{name!r} is not a time: {text!r}.")
        return found

    def _flag(self, name: str) -> bool:
        found = self._body.get(name)
        if found is not None and not isinstance(found, bool):
            raise bad_request(f"{name!r} must be true or false.")
        return bool(found)

    def _texts(self, name: str) -> list[str]:
        found = self._list(name)
        if not all(isinstance(each, str) for each in found):
            raise bad_request(f"{name!r} must be a list of strings.")
        return [str(each) for each in found]

    def _objects(self, name: str) -> list[Body]:
        found = self._list(name)
        if not all(isinstance(each, dict) for each in found):
            raise bad_request(f"{name!r} must be a list of objects.")
        return cast("list[Body]", found)  # looked at just now

    def _list(self, name: str) -> list[Any]:  # Any: JSON
        found = self._body.get(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise bad_request(f"{name!r} must be a list.")
        return cast("list[Any]", found)


def is_in_force(properties: Body, now: datetime) -> bool:
    """Whether an indicator is neither revoked nor over."""
    until = moment(properties.get("validUntil"))
    return not properties.get("revoked") and (until is None or until > now)


def moment(value: object) -> datetime | None:
    """Return a time, in UTC; None for what is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # such as year 1 with an offset
        return None


def _sortable(value: object) -> tuple[int, float, str]:
    """Return what values of one property are sorted by; what is missing comes first."""
    if isinstance(value, int | float):
        return 1, float(value), ""
    return (1, 0.0, value) if isinstance(value, str) else (0, 0.0, "")
