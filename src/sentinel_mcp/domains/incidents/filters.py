"""Which incidents a list keeps: what Azure can filter goes to Azure, the rest is filtered here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.documents import Document, inner, person
from sentinel_mcp.domains.incidents.documents import label_names, product_names, tactic_names
from sentinel_mcp.domains.incidents.models import (
    Order,
    Severity,
    Status,
)
from sentinel_mcp.domains.tactics import Tactic
from sentinel_mcp.errors import InputError

UNASSIGNED = "unassigned"

T = TypeVar("T")

OWNER_KEYS = ("userPrincipalName", "email", "assignedTo", "objectId")
"""What names the owner of an incident, in Azure's document of it and in its log."""

_ORDERS: dict[Order, str] = {
    "created_desc": "properties/createdTimeUtc desc",
    "created_asc": "properties/createdTimeUtc asc",
    "modified_desc": "properties/lastModifiedTimeUtc desc",
    "modified_asc": "properties/lastModifiedTimeUtc asc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """What a caller asks for; nothing set keeps every incident."""

    severities: tuple[Severity, ...] = ()
    statuses: tuple[Status, ...] = ()
    owner: str | None = None
    title_contains: str | None = None
    labels: tuple[str, ...] = ()
    tactics: tuple[Tactic, ...] = ()
    product: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    modified_after: datetime | None = None
    order_by: Order = "created_desc"

    def __post_init__(self) -> None:
        after, before = self.created_after, self.created_before
        if after and before and after > before:
            raise InputError(
                f"`created_after` ({after.isoformat()}) is later than "
                f"`created_before` ({before.isoformat()}).",
                hint="Exchange the two.",
            )

    def as_filter(self) -> odata.Filter | None:
        """Return the `$filter` for Azure; None where Azure has nothing to filter."""
        return odata.all_of(
            # The service takes one any(), and only as the first condition.
            self._labelled(),
            _among("properties/severity", self.severities),
            _among("properties/status", self.statuses),
            self._owned(),
            _if(odata.contains, "properties/title", self.title_contains),
            _if(odata.ge, "properties/createdTimeUtc", self.created_after),
            _if(odata.le, "properties/createdTimeUtc", self.created_before),
            _if(odata.ge, "properties/lastModifiedTimeUtc", self.modified_after),
        )

    @property
    def orderby(self) -> str:
        """The `$orderby` for Azure."""
        return _ORDERS[self.order_by]

    @property
    def filtered_here(self) -> tuple[str, ...]:
        """The arguments that Azure is not asked to filter by."""
        stated = {
            "owner": self.owner == UNASSIGNED,
            "labels": len(set(self.labels)) > 1,
            "tactics": bool(self.tactics),
            "product": bool(self.product),
        }
        return tuple(name for name, used in stated.items() if used)

    def keeps(self, document: Document) -> bool:
        """Whether the incident passes what is filtered here."""
        return (
            (self.owner != UNASSIGNED or person(_owner(document)) is None)
            and (not self.labels or not set(self.labels).isdisjoint(label_names(document)))
            and _meets(self.tactics, tactic_names(document))
            and _meets((self.product,) if self.product else (), product_names(document))
        )

    def as_call(self) -> dict[str, object]:
        """Return what a cursor is bound to."""
        return {name: str(value) for name, value in asdict(self).items()}

    def _owned(self) -> odata.Filter | None:
        if self.owner is None or self.owner == UNASSIGNED:
            return None
        return odata.any_of(
            *(odata.eq(f"properties/owner/{key}", self.owner) for key in OWNER_KEYS)
        )

    def _labelled(self) -> odata.Filter | None:
        if len(set(self.labels)) != 1:
            return None
        # The only collection that is known to be filtered by at Azure: Microsoft's own
        # synchronisation with ServiceNow does, by one label, and says that case matters. On an
        # `or` within any() the service fails: github.com/Azure/azure-rest-api-specs/issues/15391
        one = odata.eq("label/labelName", self.labels[0])
        return odata.Filter(f"properties/labels/any(label: {one})")


def _among(field: str, values: tuple[str, ...]) -> odata.Filter | None:
    return odata.any_of(*(odata.eq(field, value) for value in dict.fromkeys(values)))


def _if(
    build: Callable[[str, T], odata.Filter], field: str, value: T | None
) -> odata.Filter | None:
    return None if value is None else build(field, value)


def _meets(wanted: tuple[str, ...], found: list[str]) -> bool:
    have = {each.casefold() for each in found}
    return not wanted or any(each.casefold() in have for each in wanted)


def _owner(document: Document) -> Document:
    return inner(inner(document, "properties"), "owner")
