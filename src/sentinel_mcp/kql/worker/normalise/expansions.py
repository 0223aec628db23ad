"""Rewrites the operators that make rows or columns out of one value: mv-expand, mv-apply, parse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.kql.worker.normalise import literals
from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.tree import (
    Node,
    columns_of,
    elements,
    kind,
    parameters,
    result_name,
    text,
    type_of,
)

if TYPE_CHECKING:
    from sentinel_mcp.kql.worker.normalise.operators import Stage
    from sentinel_mcp.kql.worker.normalise.rewriter import Rewriter

_TO_TYPES = frozenset({"string", "long", "int", "real", "bool", "datetime", "guid", "dynamic"})

_START = '"\x01"'


class Expansions:
    """Writes mv-expand, mv-apply and parse."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def mv_expand(self, stage: Stage) -> str:
        """Write `mv-expand`.

        Raises:
            Refused: no right rewriting is known.

        """
        node, given = stage.node, parameters(stage.node)
        words: list[str] = []
        for name, value in given.items():
            if name in ("bagexpansion", "kind"):
                words.append(f"bagexpansion={text(value).lower()}")
            elif name == "with_itemindex":
                words.append(f"with_itemindex={self._rewriter.names.column(text(value))}")
            else:
                raise Refused(f"mv-expand {name}", "the embedded engine does not know this")
        return self.expanded(stage, words, {name for name, _ in columns_of(node.ResultType)})

    def expanded(self, stage: Stage, words: list[str], result: set[str]) -> str:
        """Write the expansion that mv-expand and mv-apply begin with.

        Raises:
            Refused: no right rewriting is known.

        """
        prepared, targets = self._targets(stage, result)
        limit = stage.node.RowLimitClause
        if limit is not None:
            targets[-1] += f" limit {int(limit.RowLimit.ConstantValue)}"
        before = stage.before + (f" | extend {', '.join(prepared)}" if prepared else "")
        return f"{before} | mv-expand {' '.join([*words, ', '.join(targets)])}"

    def _targets(self, stage: Stage, result: set[str]) -> tuple[list[str], list[str]]:
        """Return what has to be computed before, and what is expanded then."""
        prepared: list[str] = []
        targets: list[str] = []
        names, scalars = self._rewriter.names, self._rewriter.scalars
        for each in elements(stage.node.Expressions):
            value, name = each.Expression, ""
            if kind(value) == "SimpleNamedExpression":
                name, value = str(value.Name.SimpleName), value.Expression
            elif kind(value) != "NameReference":
                name = _result_name(value, result)
            if type_of(value) not in ("dynamic", "unknown"):
                raise Refused(f"mv-expand of a {type_of(value)}", "only a dynamic is expanded")
            written = scalars.write(value, stage.scope)
            target = written
            if name and names.column(name) != written:
                target = names.column(name)
                prepared.append(f"{target} = {written}")
            to = each.ToTypeOf
            if to is not None:
                of = _type_name(to)
                if of not in _TO_TYPES:
                    raise Refused(f"mv-expand to typeof({of})", "no such conversion is known")
                target += f" to typeof({of})"
            targets.append(target)
        return prepared, targets

    def mv_apply(self, stage: Stage) -> str:
        """Write `mv-apply`.

        Raises:
            Refused: always, but for subqueries that keep to one row at a time.

        """
        return self._rewriter.subqueries.write(stage)

    def parse(self, stage: Stage) -> str:
        """Write `parse` and `parse-where`.

        Raises:
            Refused: no right rewriting is known.

        """
        node, names = stage.node, self._rewriter.names
        keyword = "parse" if kind(node) == "ParseOperator" else "parse-where"
        words = [f"{name}={text(value)}" for name, value in parameters(node).items()]
        pattern: list[str] = []
        texts: list[str] = []
        for each in elements(node.Patterns):
            what = kind(each)
            if what == "StarExpression":
                pattern.append("*")
            elif what == "NameDeclaration":
                pattern.append(names.column(str(each.SimpleName)))
                texts.append(str(each.SimpleName))
            elif what == "NameAndTypeDeclaration":
                of = _declared_type(each)
                pattern.append(f"{names.column(str(each.Name.SimpleName))}:{of}")
                if of == "string":
                    texts.append(str(each.Name.SimpleName))
            else:
                pattern.append(literals.literal(each))
        source = self._rewriter.scalars.as_string(node.Expression, stage.scope)
        first = elements(node.Patterns)[0]
        if kind(first) in ("NameDeclaration", "NameAndTypeDeclaration"):
            # The translator wants text before a column: a character that no log has.
            source = f"strcat({_START}, {source})"
            pattern.insert(0, _START)
        head = " ".join([keyword, *words])
        written = f"{stage.before} | {head} {source} with {' '.join(pattern)}"
        return self._rewriter.filled(written, texts)


def _result_name(node: Node, result: set[str]) -> str:
    name = result_name(node)
    if name not in result:
        raise Refused("mv-expand of an unnamed expression", "give it a name")
    return name


def _type_name(clause: Node) -> str:
    written = text(clause)
    return written[written.rindex("(") + 1 :].rstrip(") ").strip()


def _declared_type(node: Node) -> str:
    of = node.Type.ReferencedSymbol
    return str(of.Name) if of is not None else text(node.Type)
