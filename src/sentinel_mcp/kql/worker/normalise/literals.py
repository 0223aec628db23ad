r"""Writes literals in the one spelling that the translator reads rightly.

Kusto.Language has already decoded the literal. The translator keeps the prefix of `h'…'`, the
fences of triple-backtick literals and `\u0041` as they stand (measured with duckdb-kql 1.1.2),
so each string is written anew.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.tree import Node, children, elements, kind, text

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_TICKS_PER_SECOND = 10_000_000
_HEX = re.compile(r"-?0[xX][0-9a-fA-F]+\Z")


def string(value: str) -> str:
    """Write a string literal."""
    return '"' + "".join(_ESCAPES.get(char, char) for char in value) + '"'


def timespan(ticks: int) -> str:
    """Write a timespan of so many 100 ns ticks.

    Raises:
        Refused: it is finer than the microsecond that DuckDB keeps.

    """
    if ticks % 10:
        raise Refused("timespan literal", "it is finer than a microsecond")
    sign, ticks = ("-", -ticks) if ticks < 0 else ("", ticks)
    seconds, fraction = divmod(ticks, _TICKS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    written = f"time({day}.{hour:02}:{minute:02}:{second:02}.{fraction:07})"
    return f"({sign}{written})" if sign else written


def literal(node: Node) -> str:
    """Write a literal expression.

    Raises:
        Refused: a value that DuckDB cannot hold.

    """
    what = kind(node)
    value = node.LiteralValue
    if what in ("StringLiteralExpression", "CompoundStringLiteralExpression"):
        return string(_decoded(node))
    if what == "NullLiteralExpression" or value is None:
        return _typed_null(node)
    if what in ("LongLiteralExpression", "IntLiteralExpression"):
        return _integer(node)
    if what == "BooleanLiteralExpression":
        return "true" if value else "false"
    if what == "TimespanLiteralExpression":
        return timespan(int(value.Ticks))
    if what == "DateTimeLiteralExpression":
        return f"datetime({value.ToString('yyyy-MM-ddTHH:mm:ss.ffffff')}Z)"
    if what == "RealLiteralExpression":
        return _real(value)
    if what == "GuidLiteralExpression":
        return f"guid({value!s})"
    if what == "DecimalLiteralExpression":
        return f"todecimal({string(str(value))})"
    raise Refused(f"{what}", "no spelling of this literal is known")


def _decoded(node: Node) -> str:
    """Return the string a literal stands for; triple-backtick literals lose their fences only."""
    if kind(node) == "CompoundStringLiteralExpression":
        return str(node.LiteralValue)
    source = text(node).lstrip("hH")
    # Kusto.Language 12.4.1 unescapes h'…\n' and keeps the text of ```…``` as it stands.
    if source.startswith(("```", "~~~")):
        return source[3:-3]
    return str(node.LiteralValue)


def _typed_null(node: Node) -> str:
    of = str(node.ResultType.Name)
    if of == "string":
        return '""'
    if of == "unknown":
        return "dynamic(null)"
    return f"{of}(null)"


def _integer(node: Node) -> str:
    written = text(node)
    inner = re.sub(r"^(?:long|int)\((.*)\)\Z", r"\1", written).strip()
    number = int(inner, 16) if _HEX.match(inner) else int(node.LiteralValue)
    if kind(node) == "IntLiteralExpression":
        # A hexadecimal literal may fill all 32 bits.
        return f"int({(number + 2**31) % 2**32 - 2**31})"
    return str(number) if number >= 0 else f"long({number})"


def _real(value: float) -> str:
    if value != value:
        return "real(nan)"
    if value in (float("inf"), float("-inf")):
        return "real(+inf)" if value > 0 else "real(-inf)"
    written = repr(value)
    return f"real({written})" if "e" in written or value < 0 else written


def dynamic(node: Node) -> str:
    """Write a `dynamic(…)` literal as JSON.

    Raises:
        Refused: it holds a value that JSON has no form for.

    """
    value = node.Expression if kind(node) == "DynamicExpression" else node
    written = json.dumps(_json(value), ensure_ascii=False, separators=(",", ":"))
    return f"dynamic({written})"


def _json(node: Node) -> Any:
    what = kind(node)
    if what == "JsonArrayExpression":
        return [_json(each) for each in elements(node.Values)]
    if what == "JsonObjectExpression":
        return {
            str(getattr(pair.Name, "LiteralValue", None) or pair.Name.ValueText): _json(pair.Value)
            for pair in elements(node.Pairs)
        }
    if what == "UnaryMinusExpression":
        return -_json(children(node)[-1])
    if what == "NullLiteralExpression":
        return None
    if what in ("StringLiteralExpression", "CompoundStringLiteralExpression"):
        return _decoded(node)
    if what in ("LongLiteralExpression", "IntLiteralExpression"):
        return int(node.LiteralValue)
    if what == "RealLiteralExpression":
        return float(node.LiteralValue)
    if what == "BooleanLiteralExpression":
        return bool(node.LiteralValue)
    if what == "TokenLiteralExpression" and text(node) == "null":
        return None
    raise Refused(f"dynamic({what})", "a dynamic literal may hold JSON values only")
