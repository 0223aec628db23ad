"""Makes one saved search or hunting query fit an answer, and says what is cut."""

from __future__ import annotations

from typing import Any, TypeVar

from sentinel_mcp.domains.documents import cut
from sentinel_mcp.domains.hunting.models import HuntingQueryDetail, SavedSearchDetail
from sentinel_mcp.domains.sizes import size_bytes

Detail = TypeVar("Detail", HuntingQueryDetail, SavedSearchDetail)

_NOTE_CHARS = 60
"""What the note of a cut text takes."""


def fitted(detail: Detail, max_bytes: int) -> Detail:
    """Return it without its tags, and with less of its text, where it would be too large."""
    over = size_bytes(detail) - max_bytes
    if over <= 0:
        return detail
    smaller: dict[str, Any] = {"tags": {"cut": "left out: the answer would be too large"}}
    detail = detail.model_copy(update=smaller)
    over = size_bytes(detail) - max_bytes
    if over <= 0 or detail.query is None:
        return detail
    left = max(0, len(detail.query) - over - _NOTE_CHARS)
    return detail.model_copy(update={"query": cut(detail.query, left)})
