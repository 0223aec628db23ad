"""Rewrites scalar expressions, with the types that Kusto.Language has bound."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sentinel_mcp.kql.worker.normalise import literals
from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.scopes import Scope
from sentinel_mcp.kql.worker.normalise.tree import (
    Node,
    children,
    elements,
    is_tabular,
    kind,
    row_columns,
    symbol_class,
    text,
    type_of,
)

if TYPE_CHECKING:
    from sentinel_mcp.kql.worker.normalise.rewriter import Rewriter

_LITERALS = frozenset(
    {
        "StringLiteralExpression",
        "CompoundStringLiteralExpression",
        "LongLiteralExpression",
        "IntLiteralExpression",
        "RealLiteralExpression",
        "BooleanLiteralExpression",
        "TimespanLiteralExpression",
        "DateTimeLiteralExpression",
        "GuidLiteralExpression",
        "DecimalLiteralExpression",
        "NullLiteralExpression",
    }
)
_TEXT_LITERALS = frozenset({"StringLiteralExpression", "CompoundStringLiteralExpression"})
# What `*` may stand left of: whether any column of the row holds the text on the right.
_OF_ANY_COLUMN = {
    "HasExpression": "__any_has",
    "ContainsExpression": "__any_contains",
    "MatchesRegexExpression": "__any_matches",
}
NEXT = "\n"
"""Between texts of which one is sought; none of them has a line break."""
_SEARCHED = frozenset({"string", "dynamic", "guid"})
# Groups that RE2 writes otherwise, or does not have.
_NAMED_OR_LOOKING = re.compile(r"\(\?(?![ims]+\)|:)")
_NUMBER = r"[-+]?\d{0,19}(?:\.\d{0,17})?(?:e[-+]?\d{0,3})?"
_HOURS = r"\d{0,2}(?::\d\d)?(?::\d{0,2})?"
# What a piece of a value of a type that `*` does not search here may look like.
_PIECES = {
    "int": _NUMBER,
    "long": _NUMBER,
    "real": rf"{_NUMBER}|nan|-?inf(?:inity)?",
    "decimal": _NUMBER,
    "bool": "true|false",
    "datetime": rf"[-\d]{{0,11}}[t ]?{_HOURS}(?:\.\d{{0,7}})?z?",
    "timespan": rf"-?(?:\d{{0,8}}\.)?{_HOURS}|{_HOURS}(?:\.\d{{0,7}})?"
    r"|-?\d{0,8}\.[\d:]{8}\.\d{0,7}",
}
_ARITHMETIC = {
    "AddExpression": "+",
    "SubtractExpression": "-",
    "MultiplyExpression": "*",
    "DivideExpression": "/",
    "ModuloExpression": "%",
}
_COMPARISON = {
    "EqualExpression": "==",
    "NotEqualExpression": "!=",
    "LessThanExpression": "<",
    "LessThanOrEqualExpression": "<=",
    "GreaterThanExpression": ">",
    "GreaterThanOrEqualExpression": ">=",
}
_STRINGS = frozenset(
    f"{negation}{name}Expression"
    for negation in ("", "Not")
    for base in ("Has", "HasPrefix", "HasSuffix", "Contains", "StartsWith", "EndsWith")
    for name in (base, f"{base}Cs")
) | {"EqualTildeExpression", "BangTildeExpression", "MatchesRegexExpression"}
_MEMBERSHIP = frozenset(
    {
        "InExpression",
        "NotInExpression",
        "InCsExpression",
        "NotInCsExpression",
        "HasAnyExpression",
        "HasAllExpression",
    }
)
_OLD_SPELLINGS = {"notcontains": "!contains", "containscs": "contains_cs"}
_NUMBERS = frozenset({"int", "long", "real", "decimal"})
# A dynamic compared with a value of a type is compared as a value of that type.
_CONVERSIONS = {
    "string": "tostring",
    "int": "todouble",
    "long": "todouble",
    "real": "todouble",
    "decimal": "todouble",
    "bool": "tobool",
    "datetime": "todatetime",
    "timespan": "totimespan",
    "guid": "toguid",
}
_MEMBER = re.compile(r'[^"\\]*\Z')


class Scalars:
    """Writes scalar expressions."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def write(self, node: Node, scope: Scope) -> str:
        """Write an expression so that it can stand as an operand.

        Raises:
            Refused: no right rewriting is known.

        """
        what = kind(node)
        if what in _LITERALS:
            return literals.literal(node)
        if what in _ARITHMETIC:
            return self._arithmetic(node, _ARITHMETIC[what], scope)
        if what in _COMPARISON:
            return self._comparison(node, _COMPARISON[what], scope)
        if what in _STRINGS and kind(node.Left) == "StarExpression":
            return self._any_column(node, what)
        if what == "HasExpression" and kind(node.Right) in _TEXT_LITERALS:
            return f"__has({self.as_string(node.Left, scope)}, {self.write(node.Right, scope)})"
        if what == "MatchesRegexExpression" and (pattern := _plain_pattern(node.Right)) is not None:
            return f"__matches({self.as_string(node.Left, scope)}, {literals.string(pattern)})"
        if what in _STRINGS:
            left, right = (self.as_string(each, scope) for each in (node.Left, node.Right))
            return f"({left} {_operator(node)} {right})"
        if what in _MEMBERSHIP:
            return self._membership(node, _operator(node), scope)
        handler = self._handlers.get(what)
        if handler is None:
            raise Refused(what, "the embedded engine does not know this expression")
        return handler(self, node, scope)

    def _any_column(self, node: Node, what: str, *others: Node) -> str:
        """Write `* has "text"`, which holds where one column of the row does.

        `others` are conditions of the same kind, of which one suffices. Whether Kusto looks into
        numbers and times too is not documented, so a text that could be in one of those that the
        row has is refused.
        """
        row = row_columns(node)
        sought = [self._sought(each, what, row) for each in (node, *others)]
        columns = [
            f"{self._rewriter.names.column(name)}:{of}" for name, of in row if of in _SEARCHED
        ]
        if not columns:
            raise Refused("*", "there is no row whose columns it could stand for")
        # As one text: of hundreds of names, the translator's grammar would take a second.
        listed = literals.string(",".join(columns))
        return f"{_OF_ANY_COLUMN[what]}({literals.string(NEXT.join(sought))}, {listed})"

    def _sought(self, node: Node, what: str, row: Sequence[tuple[str, str]]) -> str:
        right = node.Right
        # A `let` name that stands for a text is constant, too; so is a call, without its value.
        constant = right.ConstantValue if right.IsConstant else None
        if what not in _OF_ANY_COLUMN or type_of(right) != "string" or constant is None:
            raise Refused(f"* {_operator(node)}", "only * has, contains, matches regex of a text")
        sought = str(constant)
        if what != "MatchesRegexExpression":
            if not sought or not sought.isprintable():
                raise Refused(f"* {_operator(node)}", "the text is empty or has control characters")
            if of := _type_with(sought, {of for _, of in row}, whole=what == "HasExpression"):
                raise Refused(f"* of a {of}", "it is not known which columns Kusto looks into")
        return sought

    def as_string(self, node: Node, scope: Scope) -> str:
        """Write an expression converted to string, where it is not one already."""
        written = self.write(node, scope)
        return written if type_of(node) == "string" else self.converted(written, node, "string")

    def as_number(self, node: Node, scope: Scope) -> str:
        """Write an expression converted to real, where it is a dynamic."""
        written = self.write(node, scope)
        return written if type_of(node) != "dynamic" else self.converted(written, node, "real")

    def converted(self, written: str, node: Node, to: str) -> str:
        """Write the conversion of an already written expression to the type `to`."""
        of = type_of(node)
        if of == to or (of in _NUMBERS and to in _NUMBERS):
            return written
        if to == "string":
            return _tostring(written, of)
        function = _CONVERSIONS.get(to)
        if function is None:
            return written
        if of in ("dynamic", "unknown") and to != "string":
            written = _tostring(written, "dynamic")
        return f"{function}({written})"

    def _arithmetic(self, node: Node, operator: str, scope: Scope) -> str:
        left, right = type_of(node.Left), type_of(node.Right)
        written = [self._operand(each, scope) for each in (node.Left, node.Right)]
        left, right = ("real" if of == "dynamic" else of for of in (left, right))
        first, second = written
        if operator == "/" and left == "timespan":
            name = "__span_ratio" if right == "timespan" else "__span_divide"
            return f"{name}({first}, {second})"
        if operator == "*" and "timespan" in (left, right):
            span, factor = (first, second) if left == "timespan" else (second, first)
            return f"__span_times({span}, {factor})"
        if operator == "%" and "timespan" in (left, right):
            raise Refused("timespan % timespan", "the embedded engine does not have it")
        if operator == "/" and "real" in (left, right):
            return f"__real_divide({first}, {second})"
        if operator in "+-" and left == "datetime" and right == "datetime":
            return f"__moment_minus({first}, {second})"
        if left == right == "int":
            first, second = f"tolong({first})", f"tolong({second})"
        return f"({first} {operator} {second})"

    def _operand(self, node: Node, scope: Scope) -> str:
        written = self.write(node, scope)
        return self.converted(written, node, "real") if type_of(node) == "dynamic" else written

    def _comparison(self, node: Node, operator: str, scope: Scope) -> str:
        left, right = type_of(node.Left), type_of(node.Right)
        first, second = self.write(node.Left, scope), self.write(node.Right, scope)
        if left == right == "dynamic":
            first, second = _tostring(first, left), _tostring(second, right)
        elif "unknown" not in (left, right):
            if left == "dynamic" or (right == "string" and left != "string"):
                first = self.converted(first, node.Left, right)
            elif right == "dynamic" or (left == "string" and right != "string"):
                second = self.converted(second, node.Right, left)
        return f"({first} {operator} {second})"

    def _membership(self, node: Node, operator: str, scope: Scope) -> str:
        right = elements(node.Right.Expressions)
        text_only = operator.endswith("~") or operator.startswith("has_")
        if len(right) == 1 and is_tabular(right[0]):
            column = self._rewriter.operators.first_column(right[0])
            rows = self._rewriter.operators.rows(right[0], scope)
            left = self.write(node.Left, scope)
            if column == "dynamic" and type_of(node.Left) != "dynamic":
                raise Refused(f"{operator} (rows of dynamic)", "Kusto's matching is not reproduced")
            if type_of(node.Left) == "dynamic":
                left = self.converted(left, node.Left, column)
            elif text_only:
                left = self.as_string(node.Left, scope)
            return f"({left} {operator} ({rows}))"
        types = {type_of(each) for each in right}
        if text_only or "string" in types:
            left = self.as_string(node.Left, scope)
        elif type_of(node.Left) == "dynamic":
            plain = types - {"dynamic"}
            wanted = plain.pop() if plain else "string"
            left = self.converted(self.write(node.Left, scope), node.Left, wanted)
        else:
            left = self.write(node.Left, scope)
        items = [self._item(each, type_of(node.Left), scope) for each in right]
        return f"({left} {operator} ({', '.join(items)}))"

    def _item(self, node: Node, left: str, scope: Scope) -> str:
        """Write a member of a list; a path into a dynamic is read as the left side's type."""
        written = self.write(node, scope)
        scalar_path = kind(node) in ("PathExpression", "ElementExpression")
        if scalar_path and type_of(node) == "dynamic" and left in _CONVERSIONS:
            return self.converted(written, node, left)
        return written

    def _logical(self, node: Node, scope: Scope) -> str:
        operator = "and" if kind(node) == "AndExpression" else "or"
        if operator == "or" and len(alike := [*filter(_is_any_has, _alternatives(node))]) > 1:
            # Each alone would put the texts of a row together once more.
            others = [each for each in _alternatives(node) if not _is_any_has(each)]
            return _balanced(
                [
                    self._any_column(alike[0], "HasExpression", *alike[1:]),
                    *(self.as_bool(each, scope) for each in others),
                ]
            )
        left, right = (self.as_bool(each, scope) for each in (node.Left, node.Right))
        return f"({left} {operator} {right})"

    def as_bool(self, node: Node, scope: Scope) -> str:
        """Write a condition."""
        written = self.write(node, scope)
        return written if type_of(node) == "bool" else self.converted(written, node, "bool")

    def _between(self, node: Node, scope: Scope) -> str:
        operator = "between" if kind(node) == "BetweenExpression" else "!between"
        low, high = node.Right.First, node.Right.Second
        value = self.write(node.Left, scope)
        if type_of(node.Left) == "dynamic":
            value = self.converted(value, node.Left, type_of(low))
        first, second = self.write(low, scope), self.write(high, scope)
        if type_of(low) == "datetime" and type_of(high) == "timespan":
            second = f"({first} + {second})"
        return f"({value} {operator} ({first} .. {second}))"

    def _minus(self, node: Node, scope: Scope) -> str:
        inner = children(node)[-1]
        return f"(-{self._operand(inner, scope)})"

    def _parenthesised(self, node: Node, scope: Scope) -> str:
        return self.write(node.Expression, scope)

    def _reference(self, node: Node, scope: Scope) -> str:
        name = str(node.SimpleName)
        sort = symbol_class(node.ReferencedSymbol)
        if sort == "ColumnSymbol":
            return self._rewriter.names.column(name)
        bound = scope.get(name)
        if bound is not None and not bound.tabular:
            return bound.text
        if bound is None and type_of(node) == "unknown":
            return self._rewriter.names.column(name)
        raise Refused(name, "it stands for nothing that the embedded engine has here")

    def _path(self, node: Node, scope: Scope) -> str:
        steps, base = _steps(node)
        if is_tabular(base) or type_of(base) not in ("dynamic", "unknown"):
            raise Refused("path", f"{text(base)} is no dynamic value")
        written, path = self.write(base, scope), ""
        for step in steps:
            constant = _constant_step(step)
            if constant is not None:
                path += constant
                continue
            if path:
                written, path = f"__path({written}, {literals.string('$' + path)})", ""
            inner = step.Expression
            name = "__member" if type_of(inner) == "string" else "__element"
            written = f"{name}({written}, {self.write(inner, scope)})"
        return f"__path({written}, {literals.string('$' + path)})" if path else written

    def _call(self, node: Node, scope: Scope) -> str:
        return self._rewriter.calls.scalar(node, scope)

    def _dynamic(self, node: Node, scope: Scope) -> str:
        del scope
        return literals.dynamic(node)

    def _toscalar(self, node: Node, scope: Scope) -> str:
        argument = node.Expression
        if not is_tabular(argument):
            return self.write(argument, scope)
        return f"toscalar({self._rewriter.operators.rows(argument, scope)})"

    _handlers: dict[str, Callable[[Scalars, Node, Scope], str]] = {  # noqa: RUF012 - never changed
        "AndExpression": _logical,
        "OrExpression": _logical,
        "BetweenExpression": _between,
        "NotBetweenExpression": _between,
        "UnaryMinusExpression": _minus,
        "ParenthesizedExpression": _parenthesised,
        "SimpleNamedExpression": _parenthesised,  # the name is the column's, wherever it stands
        "NameReference": _reference,
        "PathExpression": _path,
        "ElementExpression": _path,
        "FunctionCallExpression": _call,
        "DynamicExpression": _dynamic,
        "ToScalarExpression": _toscalar,
    }


def _type_with(sought: str, types: Iterable[str], *, whole: bool) -> str | None:
    """Return a type that `*` does not search here, and a value of which could hold the text."""
    lower = sought.lower()
    for of in sorted(types):
        if of == "bool" and not whole and (lower in "true" or lower in "false"):
            return of
        if of in _PIECES and re.fullmatch(_PIECES[of], lower):
            return of
    return None


def _tostring(written: str, of: str) -> str:
    if of == "string":
        return written
    # The translator's `tostring` asks for the type at run time, in a large expression.
    return f"__dynamic_text({written})" if of == "dynamic" else f"tostring({written})"


def _alternatives(node: Node) -> Iterator[Node]:
    """Yield what an `or` of any depth has on its sides, in order."""
    left = [node]
    while left:
        each = left.pop()
        if kind(each) == "OrExpression":
            left += [each.Right, each.Left]
        elif kind(each) == "ParenthesizedExpression":
            left.append(each.Expression)
        else:
            yield each


def _is_any_has(node: Node) -> bool:
    return kind(node) == "HasExpression" and kind(node.Left) == "StarExpression"


def _balanced(conditions: list[str]) -> str:
    """Join by `or`; a long chain would be nested too deeply for the translator."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return f"({_balanced(conditions[:half])} or {_balanced(conditions[half:])})"


def _plain_pattern(node: Node) -> str | None:
    """Return a regular expression that is known and that RE2 reads as Kusto does."""
    constant = node.ConstantValue if node.IsConstant and type_of(node) == "string" else None
    pattern = None if constant is None else str(constant)
    return None if pattern is None or _NAMED_OR_LOOKING.search(pattern) else pattern


def _operator(node: Node) -> str:
    spelled = " ".join(text(node.Operator).split())
    return _OLD_SPELLINGS.get(spelled, spelled)


def _steps(node: Node) -> tuple[list[Node], Node]:
    """Return a path's steps, outermost last, and what it starts from."""
    steps: list[Node] = []
    while kind(node) in ("PathExpression", "ElementExpression"):
        steps.append(node.Selector)
        node = node.Expression
    return list(reversed(steps)), node


def _constant_step(step: Node) -> str | None:
    """Return a step as a piece of a JSON path, None where it is computed."""
    what = kind(step)
    if what == "BracketedExpression":
        step = step.Expression
        what = kind(step)
        if what in ("StringLiteralExpression", "CompoundStringLiteralExpression"):
            return _member(str(step.LiteralValue))
        if what == "LongLiteralExpression":
            return f"[{int(step.LiteralValue)}]"
        if what == "UnaryMinusExpression" and kind(children(step)[-1]) == "LongLiteralExpression":
            return f"[#-{int(children(step)[-1].LiteralValue)}]"
        return None
    if what == "NameReference":
        return _member(str(step.SimpleName))
    if what == "BracketedName":
        return _member(str(step.SimpleName))
    raise Refused(f"path step {what}", "the embedded engine does not know this step")


def _member(name: str) -> str:
    if not _MEMBER.match(name):
        raise Refused("path step", "a property name with a quote or a backslash")
    return f'."{name}"'
