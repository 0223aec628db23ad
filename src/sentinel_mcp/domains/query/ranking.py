"""Ranks tables by what a text asks for: plain word matching, weighted by where a word stands."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sentinel_mcp.kql.catalog import Catalog, TableSchema

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_WHOLE_NAME, _IN_NAME, _IN_DESCRIPTION, _COLUMN = 100, 12, 4, 3
_ABSENT_SHARE = 0.4
"""What the score of a table that the workspace lacks is worth, against one that it has."""

MAX_COLUMNS = 5

_COMMON = frozenset(["an", "and", "by", "for", "from", "in", "it", "of", "on", "or", "the", "to"])


def ranked(
    catalog: Catalog, text: str, gigabytes: Mapping[str, float]
) -> list[tuple[TableSchema, list[str]]]:
    """Return the matching tables, best first, each with the columns that matched.

    Between equals the one with more data comes first, then the alphabet decides. An empty text
    matches all tables that the workspace has.
    """
    wanted = _words(text)
    scored = [
        (score, table, columns)
        for table in catalog.tables.values()
        for score, columns in [_score(table, text.strip().lower(), wanted)]
        if score > 0
    ]
    scored.sort(key=lambda each: (-each[0], -gigabytes.get(each[1].name, 0), each[1].name))
    return [(table, columns) for _, table, columns in scored]


def _score(table: TableSchema, text: str, wanted: set[str]) -> tuple[float, list[str]]:
    if not wanted:
        return float(table.present), []
    name = table.name.lower()
    in_name = _words(table.name)
    in_description = _words(table.description)
    columns: list[str] = []
    score = float(_WHOLE_NAME * (name == text))
    for word in wanted:
        score += _IN_NAME * (word in in_name or (len(word) > 3 and word in name))
        score += _IN_DESCRIPTION * (word in in_description)
        matching = [each.name for each in table.columns if word in each.name.lower()]
        score += _COLUMN * bool(matching)
        columns += [each for each in matching if each not in columns]
    share = 1 if table.present else _ABSENT_SHARE
    return score * share, columns[:MAX_COLUMNS]


def _words(text: str) -> set[str]:
    return {
        word.lower().removesuffix("s") for word in _WORDS.findall(text) if len(word) > 1
    } - _COMMON
