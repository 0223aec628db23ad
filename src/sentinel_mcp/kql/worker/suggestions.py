"""What a name that does not exist may have meant, from what is in scope where it stands."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel_mcp.kql.nearest import did_you_mean, nearest
from sentinel_mcp.kql.operators import OPERATORS
from sentinel_mcp.kql.worker.kusto import Code, Globals, Node
from sentinel_mcp.kql.worker.states import State

_UNKNOWN_NAME, _UNKNOWN_TABLE, _FUZZY_NAME = "KS142", "KS204", "KS205"
_OPERATOR_EXPECTED = "KS176"
_UNKNOWN_FUNCTION, _UNKNOWN_PLUGIN, _NOT_AN_AGGREGATE = "KS211", "KS124", "KS236"

# The time of an event goes by two names; which one depends on the product.
_RENAMED = {"Timestamp": "TimeGenerated", "TimeGenerated": "Timestamp"}

_MAX_SUGGESTIONS = 20


class Suggestions:
    """Answers for one query; beyond 20 names it gives none, so that a flood costs no time."""

    def __init__(self, code: Code, state: State) -> None:
        self._code = code
        self._state = state
        self._asked = 0

    def of(self, code: str, start: int, written: str) -> str | None:
        """Return a sentence that names the candidates for what is written at an offset."""
        name = written.strip("[]'\"")
        if not name or self._asked >= _MAX_SUGGESTIONS:
            return None
        candidates = self._candidates(code, start)
        if candidates is None:
            return None
        self._asked += 1
        known = list(candidates)
        renamed = _RENAMED.get(name, "")
        if renamed in known:
            return did_you_mean([renamed])
        return did_you_mean(nearest(name, known))

    def _candidates(self, code: str, start: int) -> Iterable[str] | None:
        if code in (_UNKNOWN_TABLE, _FUZZY_NAME):
            return [*self._state.tables, *self._state.declared]
        if code == _UNKNOWN_NAME:
            table = self._code.GetColumnsInScope(start)
            columns = [str(each.Name) for each in table.Columns] if table is not None else []
            return columns or [*self._state.tables, *self._state.declared]
        known: Globals = self._state.globals
        if code in (_UNKNOWN_FUNCTION, _NOT_AN_AGGREGATE):
            return [*_names(known.Functions), *_names(known.Aggregates), *self._state.declared]
        if code == _OPERATOR_EXPECTED:
            return OPERATORS
        if code == _UNKNOWN_PLUGIN:
            return _names(known.PlugIns)
        return None


def _names(symbols: Node) -> list[str]:
    return [str(each.Name) for each in symbols if not each.IsHidden]
