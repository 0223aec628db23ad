"""Published queries, where the corpus is there: nothing breaks, and most of them are understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.validator import Checker

pytestmark = pytest.mark.asyncio(loop_scope="session")

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "kql"

SYNTAX_CODES = {"KS001", "KS002", "KS005", "KS006", "KS176", "KS198", "KS228"}


def sample(count: int) -> list[str]:
    queries = [
        json.loads(line)["query"]
        for path in sorted(CORPUS.glob("*.dev.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    if not queries:
        pytest.skip("the corpus of published queries is not beside the repository")
    return queries[:: len(queries) // count]


async def test_of_published_queries_nearly_all_parse_and_most_bind(
    checker: Checker, sentinel: Catalog, xdr: Catalog
) -> None:
    queries = sample(120)
    parsed = bound = 0
    for query in queries:
        verdicts = [await checker.check(query, catalog) for catalog in (sentinel, xdr)]
        if any(each.code in SYNTAX_CODES for each in verdicts[0].errors):
            continue
        parsed += 1
        bound += any(verdict.valid for verdict in verdicts)

    assert parsed / len(queries) >= 0.95
    assert bound / parsed >= 0.88


async def test_the_grammar_calls_no_query_invalid_that_kusto_can_parse(
    checker: Checker, sentinel: Catalog
) -> None:
    by_grammar = Checker(prefer_grammar=True, timeout_s=60)
    wrong = [
        query
        for query in sample(60)
        if (await by_grammar.check(query, sentinel)).errors
        and not any(
            each.code in SYNTAX_CODES for each in (await checker.check(query, sentinel)).errors
        )
    ]

    assert wrong == []


async def test_both_engines_refuse_the_same_queries(checker: Checker, sentinel: Catalog) -> None:
    by_grammar = Checker(prefer_grammar=True, timeout_s=60)
    differing = [
        query
        for query in sample(60)
        if bool((await by_grammar.check(query, sentinel)).refusals)
        != bool((await checker.check(query, sentinel)).refusals)
    ]

    assert differing == []
