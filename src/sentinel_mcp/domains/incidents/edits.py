"""What a caller wants changed of an incident, as the properties that Azure is to hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sentinel_mcp.domains.documents import Document, cut, inner, inners, text
from sentinel_mcp.domains.incidents.models import Severity, Status
from sentinel_mcp.domains.incidents.verdicts import Classification, Reason, reason_for
from sentinel_mcp.errors import InputError

Properties = dict[str, Any]
"""Properties by their names at Azure; None removes one."""

_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_VERDICT = ("classification", "classificationReason", "classificationComment")
_NOBODY: Properties = {
    "objectId": None,
    "email": None,
    "userPrincipalName": None,
    "assignedTo": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEdit:
    """What is to be different; None leaves it as it is, an empty owner means nobody."""

    status: Status | None = None
    severity: Severity | None = None
    owner: str | None = None
    title: str | None = None
    description: str | None = None
    add_labels: tuple[str, ...] = ()
    remove_labels: tuple[str, ...] = ()
    classification: Classification | None = None
    classification_reason: Reason | None = None
    classification_comment: str | None = None

    def __post_init__(self) -> None:
        both = {each.casefold() for each in self.add_labels} & {
            each.casefold() for each in self.remove_labels
        }
        if both:
            raise InputError(
                f"Labels are to be added and removed at once: {', '.join(sorted(both))}.",
                hint="Name each in one of the two lists.",
            )
        if self.status in ("New", "Active") and self.classification:
            raise InputError(
                f"An incident that is {self.status} has no classification.",
                hint="Leave `classification` out, or set `status` to Closed.",
            )
        if self.classification is None and (
            self.classification_reason or self.classification_comment is not None
        ):
            raise InputError(
                "A reason or comment of a classification was given without one.",
                hint="Set `classification`, too.",
            )
        if self.classification:
            _ = reason_for(self.classification, self.classification_reason)
        if self.owner is not None:
            _ = owner_of(self.owner)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be different."""
        return self == IncidentEdit()

    @property
    def closes(self) -> bool:
        """Whether the incident is to be closed."""
        return self.status == "Closed"

    def revise(self, before: Document) -> Properties:
        """Return the properties to be written in place of those of `before`.

        Raises:
            InputError: an incident is to be closed without a classification, or classified open.

        """
        properties = inner(before, "properties")
        revised: Properties = {
            name: value
            for name, value in (
                ("status", self.status),
                ("severity", self.severity),
                ("title", self.title),
                ("description", self.description),
            )
            if value is not None
        }
        if self.owner is not None:
            revised["owner"] = owner_of(self.owner)
        if self.add_labels or self.remove_labels:
            revised["labels"] = self._labels(properties)
        return revised | self._verdict(text(properties, "status"), properties)

    def _verdict(self, status: str | None, properties: Document) -> Properties:
        closed = (self.status or status) == "Closed"
        if self.classification and not closed:
            raise InputError(
                f"The incident is {status}, and only a closed one has a classification.",
                hint="Set `status` to Closed, too.",
            )
        if self.closes and not (self.classification or text(properties, "classification")):
            raise InputError(
                "To close an incident, Azure wants its classification.",
                hint="Set `classification`: TruePositive, BenignPositive, FalsePositive or "
                "Undetermined.",
            )
        if self.status and not closed and status == "Closed":
            return dict.fromkeys(_VERDICT)
        if self.classification is None:
            return {}
        verdict: Properties = {
            "classification": self.classification,
            "classificationReason": reason_for(self.classification, self.classification_reason),
        }
        if self.classification_comment is not None:
            verdict["classificationComment"] = self.classification_comment
        return verdict

    def _labels(self, properties: Document) -> list[Properties]:
        there = [each for each in map(_label, inners(properties, "labels")) if each]
        removed = {each.casefold() for each in self.remove_labels}
        kept = [each for each in there if each.casefold() not in removed]
        return labels_of([*kept, *self.add_labels])


def owner_of(stated: str) -> Properties:
    """Return the owner that a text means: nobody, a user principal name or mail, an object id.

    Raises:
        InputError: it is none of these; by their names Azure finds nobody.

    """
    found = stated.strip()
    if not found:
        return dict(_NOBODY)
    if _MAIL.fullmatch(found):
        # Which of the two it is cannot be seen; Azure finds the user by either.
        return {"userPrincipalName": found, "email": found}
    if _OBJECT_ID.fullmatch(found):
        return {"objectId": found}
    raise InputError(
        f"{cut(found, 80)!r} is no user principal name or mail, nor an object id.",
        hint='Set `owner` to one such as ana@contoso.com; "" means nobody.',
    )


def labels_of(names: Iterable[str]) -> list[Properties]:
    """Return labels as Azure takes them, each once whatever its case."""
    found: dict[str, str] = {}
    for each in names:
        found.setdefault(each.casefold(), each)
    return [{"labelName": each} for each in found.values()]


def _label(label: Document) -> str | None:
    return text(label, "labelName")
