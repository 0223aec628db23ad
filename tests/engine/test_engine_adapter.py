"""The translator's tables are no promised interface: their shape is pinned here."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import duckdb
import duckdb_kql
import pytest
from duckdb_kql._antlr.KqlLexer import KqlLexer
from duckdb_kql.translate import CLOCK_SLOT
from duckdb_kql.translate.functions import (
    AGGREGATE_FUNCTIONS,
    SCALAR_FUNCTIONS,
    AggregateSpec,
    FunctionSpec,
)

from sentinel_mcp.engine import adapter
from sentinel_mcp.engine.types import KUSTO_TO_DUCKDB, duckdb_type, kusto_type
from sentinel_mcp.kql.worker.normalise.names import KEYWORDS, Names


def test_the_function_tables_are_dicts_of_specs() -> None:
    assert all(isinstance(spec, FunctionSpec) for spec in SCALAR_FUNCTIONS.values())
    assert all(isinstance(spec, AggregateSpec) for spec in AGGREGATE_FUNCTIONS.values())
    assert [field.name for field in fields(FunctionSpec)][:4] == [
        "name",
        "kind",
        "template",
        "arities",
    ]
    assert [field.name for field in fields(AggregateSpec)][:3] == ["name", "template", "arities"]


def test_the_translator_is_the_version_that_was_measured() -> None:
    assert duckdb_kql.__version__ == "1.1.2"


def test_a_call_of_ours_is_written_as_the_macro_of_its_name() -> None:
    adapter.install()

    sql = duckdb_kql.to_sql('print a = __path(dynamic({"a":1}), "$.a")')

    assert "__path(CAST('{\"a\":1}' AS JSON), '$.a')" in str(sql)


def test_the_clock_is_a_parameter_of_the_statement() -> None:
    moment = duckdb_kql.to_sql("print now()", query_now="2026-01-01T00:00:00Z").parameters

    assert set(moment) == {CLOCK_SLOT}


def test_every_macro_is_sql_that_duckdb_takes() -> None:
    connection = duckdb.connect()

    connection.execute(adapter.macros() + adapter.places("memory", known=False))

    made = {
        name
        for (name,) in connection.execute(
            "SELECT function_name FROM duckdb_functions() WHERE starts_with(function_name, '__')"
        ).fetchall()
    }
    assert made >= adapter.names() - {
        "__bag_pack",
        "__pack_array",
        "__array_concat",
        "__row_id",
        "__strcat",
        "__strcat_delim",
        "__matches",
        "__rank_asc",
        "__rank_desc",
        "__any_has",
        "__any_contains",
        "__any_matches",
    }


def test_a_condition_on_any_column_is_written_over_each_of_them() -> None:
    adapter.install()

    sql = str(duckdb_kql.to_sql('T | where __any_has("x", "a:string,b:guid,c:dynamic")'))

    row = 'concat_ws(chr(10), "a", CAST("b" AS VARCHAR), __dynamic_text("c"))'
    assert f"WHEN contains(lower({row}), 'x') THEN regexp_matches({row}, " in sql


def test_the_topmost_nodes_of_a_kind_are_found_in_order() -> None:
    def topmost(node: Any, kind: str) -> list[Any]:
        if type(node).__name__ == f"{kind}Context":
            return [node]
        return [found for each in getattr(node, "children", []) for found in topmost(each, kind)]

    query = (
        "let a = 1; union (T | where x has 'a' or f(y) > a), (U | extend z = toscalar(V | count))"
    )
    tree = duckdb_kql.parse(query).tree

    for kind in ("Statement", "LetStatement", "NamedFunctionCallExpression", "PipeExpression"):
        found = adapter.find_all(tree, kind)
        assert found
        assert found == topmost(tree, kind)


def test_every_keyword_of_the_grammar_is_kept_from_being_a_bare_name() -> None:
    words = {str(word).strip("'").lower() for word in KqlLexer.literalNames}
    plain = {word for word in words if word.isalpha()}

    assert plain - KEYWORDS - {"dchart"} == set()


@pytest.mark.parametrize("kusto", sorted(KUSTO_TO_DUCKDB))
def test_a_type_is_held_as_one_that_reads_back(kusto: str) -> None:
    assert kusto_type(duckdb_type(kusto)) == kusto


def test_names_that_duckdb_would_fold_together_are_kept_apart() -> None:
    names = Names()

    assert names.column("Account") == "Account"
    assert names.column("account") != names.column("Account")
    assert names.column("account").lower() != "account"
    assert names.column("two words").isidentifier()
    assert names.column("account") == names.column("account")
