"""The items in what a client uploads: comma- or tab-separated text with a header."""

from __future__ import annotations

import csv
import io

from sentinel_mcp.local.services.faults import Body, bad_request
from sentinel_mcp.local.services.writing import text_of

MAX_CONTENT_BYTES = 3_800_000
"""learn.microsoft.com/azure/sentinel/watchlists: local files of up to 3.8 MB."""

_DELIMITERS = {"text/csv": ",", "text/tsv": "\t"}


def items_of(properties: Body, search_key: str) -> list[dict[str, str]]:
    """Return the items in `rawContent`, none where there is no such property."""
    content = text_of(properties, "rawContent")
    if content is None:
        return []
    if len(content.encode()) > MAX_CONTENT_BYTES:
        raise bad_request(f"The rawContent is larger than {MAX_CONTENT_BYTES} bytes.")
    kind = (text_of(properties, "contentType") or "text/csv").lower()
    if kind not in _DELIMITERS:
        raise bad_request(f"The contentType must be one of {', '.join(_DELIMITERS)}, not {kind!r}.")
    try:
        lines = list(csv.reader(io.StringIO(content, newline=""), delimiter=_DELIMITERS[kind]))
    except csv.Error as error:
        raise bad_request(f"Invalid csv content : {error}.") from error
    return _items(lines[_skipped(properties) :], search_key)


def _skipped(properties: Body) -> int:
    skipped = properties.get("numberOfLinesToSkip")
    if skipped is None:
        return 0
    if type(skipped) is not int or skipped < 0:
        raise bad_request("The property 'numberOfLinesToSkip' must be a whole number.")
    return skipped


def _items(lines: list[list[str]], search_key: str) -> list[dict[str, str]]:
    filled = [line for line in lines if any(line)]
    if len(filled) < 2:
        raise bad_request(
            "Invalid csv content : no watchlist items found in the provided rawContent!"
        )
    header = [each.strip().removeprefix("\ufeff") for each in filled[0]]
    if len(set(header)) < len(header) or not all(header):
        raise bad_request("Invalid csv content : the columns of the header must have unique names.")
    if search_key not in header:
        raise bad_request(f"The itemsSearchKey {search_key!r} is not a column of the rawContent.")
    for number, line in enumerate(filled[1:], start=2):
        if len(line) != len(header):
            raise bad_request(
                f"Invalid csv content : line {number} has {len(line)} values, "
                f"and the header has {len(header)} columns."
            )
    return [dict(zip(header, line, strict=True)) for line in filled[1:]]
