"""Rewrites calls of functions: Kusto's own, the workspace's and the query's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sentinel_mcp.kql.worker.normalise import literals
from sentinel_mcp.kql.worker.normalise.aggregates import AGGREGATES
from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.scopes import Binding, Scope
from sentinel_mcp.kql.worker.normalise.tree import (
    Node,
    Symbol,
    elements,
    is_tabular,
    kind,
    row_columns,
    text,
    type_of,
)

if TYPE_CHECKING:
    from sentinel_mcp.kql.worker.normalise.rewriter import Rewriter

# Spellings of the same function, oldest last.
_ALIASES = {
    "notempty": "isnotempty",
    "notnull": "isnotnull",
    "iif": "iff",
    "arraylength": "array_length",
    "array_strcat": "strcat_array",
    "pack": "bag_pack",
    "pack_dictionary": "bag_pack",
    "toboolean": "tobool",
    "todouble": "toreal",
    "base64_encodestring": "base64_encode_tostring",
    "base64_decodestring": "base64_decode_tostring",
    "extractall": "extract_all",
    "dynamic_to_json": "tostring",
    "weekofyear": "week_of_year",
    "monthofyear": "getmonth",
    "ceil": "ceiling",
}

# Functions whose arguments are strings: a dynamic among them is read as one.
_STRING_FUNCTIONS = """
tolower toupper strlen substring trim trim_start trim_end indexof countof extract
extract_all replace_string replace_regex base64_encode_tostring base64_decode_tostring hash_md5
hash_sha1 hash_sha256 reverse strrep
"""
_OF_STRINGS = frozenset(_STRING_FUNCTIONS.split())

# Those of them that take positions and counts besides.
_COUNTED = frozenset({"substring", "indexof", "extract_all", "strrep", "extract"})

# Functions that the engine has under its own name, with arguments read as these types:
# s string, n number, d dynamic, b bool, . as it comes; the last letter repeats.
_OWN = {
    "ipv4_is_private": "s",
    "ipv4_is_in_range": "s",
    "ipv4_is_match": "ssn",
    "ipv4_compare": "ssn",
    "strcat": "s",
    "strcat_delim": "s",
    "parse_path": "s",
    "parse_command_line": "s",
    "parse_urlquery": "s",
    "parse_url": "s",
    "url_decode": "s",
    "set_has_element": "d.",
    "set_difference": "d",
    "set_union": "d",
    "set_intersect": "d",
    "bag_keys": "d",
    "bag_has_key": "ds",
    "bag_merge": "d",
    "bag_remove_keys": "d",
    "array_sort_asc": "d",
    "array_sort_desc": "d",
    "array_index_of": "d.",
    "unixtime_seconds_todatetime": "n",
    "unixtime_milliseconds_todatetime": "n",
    "unixtime_microseconds_todatetime": "n",
    "format_bytes": "n",
    "string_size": "s",
    "tohex": "n",
    "geo_info_from_ip_address": "s",
    "rand": ".",
    "new_guid": "",
    "todecimal": "s",
    "bin_at": ".",
}
# From 0001-01-01 to 2000-01-03 in ticks. Bins of a week and of parts of a day begin where both
# count from; for other sizes (3d) the recorded answers of Kusto fit the second moment only.
_FROM_YEAR_1 = 730_121 * 864_000_000_000
_MOST_REPEATED = 1024
_DYNAMIC_TEXT = frozenset({"datetime", "timespan", "guid", "decimal"})


class Calls:
    """Writes calls."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def scalar(self, node: Node, scope: Scope) -> str:
        """Write a call that yields one value.

        Raises:
            Refused: no right rewriting is known.

        """
        spelled = str(node.Name.SimpleName)
        name = _ALIASES.get(spelled, spelled)
        if node.GetCalledFunctionBody() is not None:
            inlined, tabular = self.inlined(node, scope)
            if tabular:
                raise Refused(spelled, "a function that yields rows, where a value is needed")
            return inlined
        if spelled in AGGREGATES:
            return self._rewriter.aggregates.write(node, scope)
        arguments = elements(node.ArgumentList.Expressions)
        handler = self._handlers.get(name)
        if handler is not None:
            return handler(self, name, node, arguments, scope)
        if name in _OWN:
            return f"__{name}({', '.join(self._typed(_OWN[name], arguments, scope))})"
        scalars = self._rewriter.scalars
        counted = name in _COUNTED
        written = [
            scalars.as_string(each, scope)
            if name in _OF_STRINGS and not (counted and type_of(each) in ("int", "long"))
            else scalars.write(each, scope)
            for each in arguments
        ]
        return f"{name}({', '.join(written)})"

    def inlined(self, node: Node, scope: Scope, source: str | None = None) -> tuple[str, bool]:
        """Write the body of a function of the query in place of its call.

        `source` is what `invoke` hands to the first parameter. Returns the text, and whether it
        stands for rows.
        """
        name = str(node.Name.SimpleName)
        declared = scope.get(name)
        home = declared.scope if declared is not None and declared.scope is not None else Scope()
        body = node.GetCalledFunctionBody()
        bound = home.having(self._arguments(node, scope, source))
        inner = self._rewriter.statements(elements(body.Statements), bound, hoisting=False)
        result = body.Expression
        if result is None:
            raise Refused(name, "a function without a result")
        if is_tabular(result):
            return self._rewriter.hoisted(self._rewriter.operators.rows(result, inner), name), True
        return f"({self._rewriter.scalars.write(result, inner)})", False

    def named(self, node: Node) -> str:
        """Write the body of a function of the workspace that is called by its mere name."""
        name, body = str(node.SimpleName), node.GetCalledFunctionBody()
        taken = node.ReferencedSymbol.Signatures[0].Parameters
        declared = [taken[i] for i in range(taken.Count)]
        bound = Scope(self._defaults(name, declared, {}, Scope()))
        inner = self._rewriter.statements(elements(body.Statements), bound, hoisting=False)
        if body.Expression is None or not is_tabular(body.Expression):
            raise Refused(name, "a function that yields no rows")
        return self._rewriter.hoisted(self._rewriter.operators.rows(body.Expression, inner), name)

    def _arguments(self, node: Node, scope: Scope, source: str | None) -> dict[str, Binding]:
        given = elements(node.ArgumentList.Expressions)
        signature = node.ReferencedSignature
        declared = [signature.Parameters[i] for i in range(signature.Parameters.Count)]
        bound: dict[str, Binding] = {}
        if source is not None:
            bound[str(declared[0].Name)] = Binding(source, tabular=True)
            declared = declared[1:]
        positional = iter(declared)
        for each in given:
            if kind(each) == "SimpleNamedExpression":
                bound[str(each.Name.SimpleName)] = self._argument(each.Expression, scope)
            else:
                bound[str(next(positional).Name)] = self._argument(each, scope)
        return bound | self._defaults(str(node.Name.SimpleName), declared, bound, scope)

    def _defaults(
        self, function: str, declared: list[Symbol], given: Mapping[str, Binding], scope: Scope
    ) -> dict[str, Binding]:
        """Return what the parameters that are not given stand for."""
        bound: dict[str, Binding] = {}
        for parameter in declared:
            if str(parameter.Name) not in given:
                if parameter.DefaultValue is None:
                    raise Refused(function, "an argument is missing")
                bound[str(parameter.Name)] = self._argument(parameter.DefaultValue, scope)
        return bound

    def _argument(self, node: Node, scope: Scope) -> Binding:
        if is_tabular(node):
            rows = self._rewriter.operators.rows(node, scope)
            return Binding(self._rewriter.hoisted(rows, "rows"), tabular=True)
        return Binding(self._rewriter.scalars.write(node, scope))

    def _typed(self, types: str, arguments: list[Node], scope: Scope) -> list[str]:
        scalars = self._rewriter.scalars
        written: list[str] = []
        for index, each in enumerate(arguments):
            wanted = types[min(index, len(types) - 1)] if types else "."
            if wanted == "s":
                written.append(scalars.as_string(each, scope))
            elif wanted == "n":
                written.append(scalars.as_number(each, scope))
            elif wanted == "d" and type_of(each) not in ("dynamic", "unknown"):
                raise Refused(text(each), "a dynamic value is needed here")
            else:
                written.append(scalars.write(each, scope))
        return written

    # -- conversions -------------------------------------------------------------------------

    def _parse_json(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, node
        of = type_of(args[0])
        written = self._rewriter.scalars.write(args[0], scope)
        # Of a dynamic, Kusto's parse_json is the value itself, a string within it included.
        if of == "dynamic":
            return written
        return f"__parse_json({self._rewriter.scalars.converted(written, args[0], 'string')})"

    def _convert(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        of, to = type_of(args[0]), type_of(node)
        written = self._rewriter.scalars.write(args[0], scope)
        if of == to and of != "real":
            return written
        if of == "dynamic":
            written, of = f"__dynamic_text({written})", "string"
        if of == "string" and name in ("tolong", "toint"):
            return f"__{name}_text({written})"
        if name in ("tolong", "toint", "toreal") and of in ("datetime", "timespan"):
            return f"__{of}_ticks({written})"
        if name == "toguid" and of != "string":
            raise Refused(f"toguid({of})", "the embedded engine does not have it")
        return f"{name}({written})"

    def _tostring(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, node
        return self._rewriter.scalars.as_string(args[0], scope)

    def _gettype(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, node
        of = type_of(args[0])
        if of == "dynamic":
            return f"__gettype({self._rewriter.scalars.write(args[0], scope)})"
        return literals.string(of)

    def _isnull(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        of, written = type_of(args[0]), self._rewriter.scalars.write(args[0], scope)
        if of == "string":  # Kusto's strings are empty, never null
            return "false" if name == "isnull" else "true"
        test = f"__is_null({written})" if of == "dynamic" else f"isnull({written})"
        return test if name == "isnull" else f"not({test})"

    def _isempty(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        written = self._rewriter.scalars.write(args[0], scope)
        if type_of(args[0]) == "dynamic":
            written = f"__dynamic_text({written})"
        return f"{name}({written})"

    # -- conditions --------------------------------------------------------------------------

    def _iff(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name
        condition = self._rewriter.scalars.as_bool(args[0], scope)
        branches = [self._branch(each, type_of(node), scope) for each in args[1:]]
        return f"iff({condition}, {', '.join(branches)})"

    def _case(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name
        written = [
            self._rewriter.scalars.as_bool(each, scope)
            if index % 2 == 0 and index < len(args) - 1
            else self._branch(each, type_of(node), scope)
            for index, each in enumerate(args)
        ]
        return f"case({', '.join(written)})"

    def _branch(self, node: Node, wanted: str, scope: Scope) -> str:
        written, of = self._rewriter.scalars.write(node, scope), type_of(node)
        if of == wanted or wanted == "unknown":
            return written
        if wanted == "dynamic":
            return self.as_dynamic(node, scope)
        if wanted == "real":
            return f"toreal({written})"
        if wanted == "long" and of == "int":
            return f"tolong({written})"
        return self._rewriter.scalars.converted(written, node, wanted)

    def _coalesce(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name
        written = ", ".join(self._branch(each, type_of(node), scope) for each in args)
        # Of strings Kusto takes the first that is not empty.
        return f"{'__coalesce_text' if type_of(node) == 'string' else 'coalesce'}({written})"

    def _not(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, node
        return f"not({self._rewriter.scalars.as_bool(args[0], scope)})"

    # -- strings -----------------------------------------------------------------------------

    def _split(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, node
        return f"__split({', '.join(self._typed('ss.', args, scope))})"

    def _replace(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, node
        # The old `replace` takes (pattern, rewrite, text), and its pattern is a regular expression.
        pattern, rewrite, source = self._typed("s", args, scope)
        return f"replace_regex({source}, {pattern}, {rewrite})"

    def _extract(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name
        pattern, group, source = self._typed("s.s", args[:3], scope)
        return self._as_type(f"extract({pattern}, {group}, {source})", node)

    def _extract_json(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name
        path, source = self._typed("s", args[:2], scope)
        return self._as_type(f"__extract_json({source}, {path})", node)

    def _as_type(self, written: str, node: Node) -> str:
        to = type_of(node)
        conversions = {
            "string": "{}",
            "long": "tolong({})",
            "int": "toint({})",
            "real": "toreal({})",
            "bool": "tobool({})",
            "datetime": "todatetime({})",
            "timespan": "totimespan({})",
            "guid": "toguid({})",
            "dynamic": "__parse_json({})",
        }
        if to not in conversions:
            raise Refused(f"{text(node.Name)} to typeof({to})", "no such conversion is known")
        return conversions[to].format(written)

    # -- times -------------------------------------------------------------------------------

    def _bin(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        of = type_of(args[0])
        value, size = (self._rewriter.scalars.write(each, scope) for each in args)
        # The translator counts from 1970 and whole seconds; Kusto counts from 0001-01-01.
        if of == "datetime":
            ticks = getattr(args[1].ConstantValue, "Ticks", None)
            if ticks and _FROM_YEAR_1 % int(ticks):
                raise Refused(
                    f"{name}(…, {text(args[1])})", "where such bins begin is not known for certain"
                )
            return f"__bin_datetime({value}, {size})"
        if of == "timespan":
            return f"__bin_timespan({value}, {size})"
        if of == "dynamic":
            raise Refused(f"{name}(dynamic)", "its type is known at run time only")
        return f"bin({value}, {size})"

    def _ingestion_time(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, args, scope
        columns = dict(row_columns(node))
        for time in ("TimeGenerated", "Timestamp"):
            if columns.get(time) == "datetime":
                return self._rewriter.names.column(time)
        raise Refused("ingestion_time", "the rows have no time column to stand for it")

    # -- columns and dynamics ----------------------------------------------------------------

    def _column_ifexists(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name
        wanted = str(args[0].ConstantValue or "")
        columns = dict(row_columns(node))
        if wanted in columns:
            return self._rewriter.names.column(wanted)
        return self._rewriter.scalars.write(args[1], scope)

    def as_dynamic(self, node: Node, scope: Scope) -> str:
        """Write an expression as a dynamic value."""
        written, of = self._rewriter.scalars.write(node, scope), type_of(node)
        if of == "dynamic":
            return written
        if of in _DYNAMIC_TEXT:
            return f"__dynamic_of_text(tostring({written}))"
        return f"__dynamic({written})"

    def _bag_pack(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, node
        written = [
            self._rewriter.scalars.as_string(each, scope)
            if index % 2 == 0
            else self.as_dynamic(each, scope)
            for index, each in enumerate(args)
        ]
        return f"__bag_pack({', '.join(written)})"

    def _pack_all(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, scope
        if args:
            raise Refused("pack_all(true)", "empty values are not left out here")
        written: list[str] = []
        for column, of in row_columns(node):
            value = self._rewriter.names.column(column)
            if of in _DYNAMIC_TEXT:
                value = f"__dynamic_of_text(tostring({value}))"
            elif of != "dynamic":
                value = f"__dynamic({value})"
            written += [literals.string(column), value]
        return f"__bag_pack({', '.join(written)})"

    def _pack_array(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, node
        return f"__pack_array({', '.join(self.as_dynamic(each, scope) for each in args)})"

    def _strcat_array(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del name, node
        return f"__strcat_array({', '.join(self._typed('.s', args, scope))})"

    def _in_any_range(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        address = self._rewriter.scalars.as_string(args[0], scope)
        if len(args) == 2 and type_of(args[1]) == "dynamic":
            ranges = self._rewriter.scalars.write(args[1], scope)
        else:
            ranges = f"__pack_array({', '.join(self.as_dynamic(a, scope) for a in args[1:])})"
        return f"__{name}({address}, {ranges})"

    def _range(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        if any(type_of(each) not in ("int", "long") for each in args):
            raise Refused("range()", "it is known of whole numbers only")
        return f"__{name}({', '.join(self._rewriter.scalars.write(a, scope) for a in args)})"

    def _abs(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        if type_of(args[0]) == "timespan":
            return f"__abs_timespan({self._rewriter.scalars.write(args[0], scope)})"
        return self._of_numbers(name, node, args, scope)

    def _strrep(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        count = args[1].ConstantValue
        if len(args) != 2 or not isinstance(count, int) or not 0 <= count <= _MOST_REPEATED:
            raise Refused(
                f"{name}()", f"it is known up to {_MOST_REPEATED} times, without delimiter"
            )
        return f"{name}({self._rewriter.scalars.as_string(args[0], scope)}, {count})"

    def _array_concat(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        lists = [f"__items({self._rewriter.scalars.write(each, scope)})" for each in args]
        return f"__{name}({', '.join(lists)})"

    def _extract_all(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        first, *groups, last = args
        scalars = self._rewriter.scalars
        written = [
            scalars.as_string(first, scope),
            *(scalars.write(each, scope) for each in groups),
            scalars.as_string(last, scope),
        ]
        return f"__dynamic({name}({', '.join(written)}))"

    def _indexof(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        written = ", ".join(self._typed("ss.", args, scope))
        return f"{name}({written})" if len(args) == 2 else f"__{name}({written})"

    def _of_numbers(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del node
        return f"{name}({', '.join(self._rewriter.scalars.as_number(a, scope) for a in args)})"

    def _extreme(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        if type_of(node) in ("string", "dynamic"):
            raise Refused(f"{name}({type_of(node)})", "its order is not Kusto's")
        return f"{name}({', '.join(self._branch(each, type_of(node), scope) for each in args)})"

    def _ordered(self, name: str, node: Node, args: list[Node], scope: Scope) -> str:
        del args, scope
        raise Refused(f"{name}()", "it depends on the order of rows before it")

    _handlers: dict[str, Callable[[Calls, str, Node, list[Node], Scope], str]] = {  # noqa: RUF012 - never changed
        "parse_json": _parse_json,
        "parsejson": _parse_json,
        "todynamic": _parse_json,
        "toobject": _parse_json,
        "tolong": _convert,
        "toint": _convert,
        "toreal": _convert,
        "tobool": _convert,
        "todatetime": _convert,
        "totimespan": _convert,
        "toguid": _convert,
        "tostring": _tostring,
        "gettype": _gettype,
        "isnull": _isnull,
        "isnotnull": _isnull,
        "isempty": _isempty,
        "isnotempty": _isempty,
        "iff": _iff,
        "case": _case,
        "coalesce": _coalesce,
        "not": _not,
        "split": _split,
        "replace": _replace,
        "extract": _extract,
        "extractjson": _extract_json,
        "extract_json": _extract_json,
        "bin": _bin,
        "floor": _bin,
        "ingestion_time": _ingestion_time,
        "column_ifexists": _column_ifexists,
        "columnifexists": _column_ifexists,
        "bag_pack": _bag_pack,
        "pack_all": _pack_all,
        "pack_array": _pack_array,
        "strcat_array": _strcat_array,
        "ipv4_is_in_any_range": _in_any_range,
        "range": _range,
        "abs": _abs,
        "extract_all": _extract_all,
        "array_concat": _array_concat,
        "strrep": _strrep,
        "indexof": _indexof,
        "round": _of_numbers,
        "sqrt": _of_numbers,
        "log": _of_numbers,
        "log2": _of_numbers,
        "log10": _of_numbers,
        "exp": _of_numbers,
        "pow": _of_numbers,
        "ceiling": _of_numbers,
        "max_of": _extreme,
        "min_of": _extreme,
        "prev": _ordered,
        "next": _ordered,
        "row_number": _ordered,
        "row_cumsum": _ordered,
        "row_rank": _ordered,
        "row_rank_dense": _ordered,
        "row_rank_min": _ordered,
        "row_window_session": _ordered,
    }
