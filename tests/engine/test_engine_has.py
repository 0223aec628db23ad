"""`has` with a literal is a macro of ours: it answers as the translator's own words do."""

from __future__ import annotations

import duckdb
import duckdb_kql
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sentinel_mcp.engine import adapter
from sentinel_mcp.kql.literals import string

LETTERS = st.sampled_from(list("aAbßéÉçÇñÑöÖžŽяЯωΩ字01_-.@:/\\'\" {}%?*[]^$"))
WORDS = st.text(LETTERS, min_size=1, max_size=6)
TEXTS = st.text(LETTERS, max_size=14)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    adapter.install()
    made = duckdb.connect()
    made.execute(adapter.macros())
    made.execute("CREATE TABLE T (a VARCHAR)")
    return made


def stored(connection: duckdb.DuckDBPyConnection, *texts: str | None) -> None:
    connection.execute("DELETE FROM T")
    connection.execute("INSERT INTO T SELECT unnest(?::VARCHAR[])", [texts])


def with_our_has(connection: duckdb.DuckDBPyConnection, sought: str) -> list[str]:
    """Return the stored texts that have the term by our macro."""
    found = connection.execute("SELECT a FROM T WHERE __has(a, ?)", [sought])
    return sorted(row[0] for row in found.fetchall())


def with_the_translators(connection: duckdb.DuckDBPyConnection, sought: str) -> list[str]:
    query = f"T | where a has {string(sought)}"
    sql = str(duckdb_kql.to_sql(query, schema={"T": ["a"]}))
    return sorted(row[0] for row in connection.execute(sql).fetchall())


@settings(max_examples=60)
@given(sought=WORDS, around=st.lists(st.tuples(TEXTS, TEXTS), max_size=6), texts=st.lists(TEXTS))
@example(sought="žižka", around=[("Zoë ", ""), ("x", "")], texts=["ŽIŽKA", "ŽIŽKAR"])
@example(sought="a.b", around=[("", "."), (".", "c")], texts=["a-b", "axb"])
@example(sought="字", around=[("字", ""), (" ", " ")], texts=[])
@example(sought=":", around=[("", "0"), ("a", "a")], texts=[])
@example(sought="_x", around=[("a", ""), ("", "1")], texts=[])
@example(sought="\\d", around=[("", "")], texts=["1", "d"])
def test_our_has_keeps_the_texts_that_the_translators_keeps(
    connection: duckdb.DuckDBPyConnection,
    sought: str,
    around: list[tuple[str, str]],
    texts: list[str],
) -> None:
    both = (sought, sought.upper(), sought.lower())
    sources = [*texts, *(f"{a}{each}{z}" for a, z in around for each in both)]
    stored(connection, *sources)

    assert with_our_has(connection, sought) == with_the_translators(connection, sought)


@pytest.mark.parametrize(
    ("sought", "texts", "wanted"),
    [
        ("ann", ["Ann", "ann_1", "x/ann", "joann", "ann1"], ["Ann", "ann_1", "x/ann"]),
        ("192.0.2.1", ["192.0.2.1:80", "192.0.2.1.", "192.0.2.10"], ["192.0.2.1.", "192.0.2.1:80"]),
        ("_dmarc.", ["_dmarc.x", "x_dmarc.y", "dmarc.x"], ["_dmarc.x", "x_dmarc.y"]),
        ("évian", ["ÉVIAN", "évians", "(évian)"], ["(évian)", "ÉVIAN"]),
    ],
)  # fmt: skip
def test_a_term_is_a_run_of_letters_and_digits_of_any_script(
    connection: duckdb.DuckDBPyConnection, sought: str, texts: list[str], wanted: list[str]
) -> None:
    stored(connection, *texts)

    assert with_our_has(connection, sought) == wanted


def test_what_is_missing_has_no_term(connection: duckdb.DuckDBPyConnection) -> None:
    stored(connection, None, "")

    assert with_our_has(connection, "x") == []
    assert connection.execute("SELECT __has(NULL, 'x')").fetchall() == [(False,)]
