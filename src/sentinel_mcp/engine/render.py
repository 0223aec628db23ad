"""What `render` asks for, in the form in which Log Analytics answers it."""

from __future__ import annotations

from typing import Any, Final

from sentinel_mcp.engine import adapter

# The properties of an answer, in Azure's order, with what they are when a query names none.
_DEFAULTS: Final[dict[str, object]] = {
    "visualization": None,
    "title": None,
    "accumulate": False,
    "isQuerySorted": False,
    "kind": None,
    "legend": None,
    "series": None,
    "yMin": "NaN",
    "yMax": "NaN",
    "xAxis": None,
    "xColumn": None,
    "xTitle": None,
    "yAxis": None,
    "yColumns": None,
    "ySplit": None,
    "yTitle": None,
    "anomalyColumns": None,
}
_NAMES: Final = {name.lower(): name for name in _DEFAULTS}
_LISTS: Final = frozenset({"series", "yColumns", "anomalyColumns"})


def visualization(text: str) -> dict[str, Any] | None:
    """Return the visualization of the query's last operator, None where it is no `render`."""
    at = text.rfind("| render ")
    if at < 0:
        return None
    words = adapter.tokens(text[at + len("| render ") :])
    if not words:
        return None
    found = dict(_DEFAULTS, visualization=words[0].lower())
    rest = [word for word in words[1:] if word.lower() not in ("with", "(", ")")]
    name, values = "", list[str]()
    for position, word in enumerate([*rest, ""]):
        starts = position + 1 < len(rest) and rest[position + 1] == "="
        if starts or not word:
            _set(found, name, values)
            name, values = word, []
        elif word not in ("=", ","):
            values.append(word)
    return found


def _set(found: dict[str, Any], name: str, values: list[str]) -> None:
    known = _NAMES.get(name.lower())
    if known is None or not values:
        return
    plain = [_unquoted(value) for value in values]
    if known in _LISTS:
        found[known] = plain
    elif known == "accumulate":
        found[known] = plain[0].lower() == "true"
    else:
        found[known] = plain[0]


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] in "\"'" and word[-1] == word[0] else word
