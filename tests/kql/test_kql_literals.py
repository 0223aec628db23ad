from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sentinel_mcp.errors import InputError
from sentinel_mcp.kql import literals
from sentinel_mcp.kql.catalog import Catalog
from sentinel_mcp.kql.validator import Checker

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
NAMES = st.text(min_size=1, max_size=40).filter(
    lambda name: name.isprintable() and "*" not in name and not name.isspace()
)

with_worker = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


KEYWORDS = """and as asc between by contains count datatable declare desc distinct evaluate extend
externaldata facet find fork from getschema has has_any in invoke join kind let limit lookup
materialize of on or order parse partition pattern print project range reduce render restrict
sample scan search serialize set sort startswith step summarize table take title to top
toscalar totable typeof union view where with bool date datetime decimal double dynamic float
guid int long null real string time timespan true false"""

NO_TABLES = Catalog("sentinel", {})


async def types_of(checker: Checker, query: str, catalog: Catalog = NO_TABLES) -> dict[str, str]:
    check = await checker.check(query, catalog)
    assert not check.errors, check.errors
    assert check.columns is not None
    return {column.name: column.type for column in check.columns}


@with_worker
@given(text=TEXT)
@example(text='" | union (SigninLogs | take 1000) //')
@example(text="' or 1==1 //")
@example(text="\\")
@example(text='\\"')
@example(text="h'x'")
@example(text="```")
@example(text="a\r\nb\u2028c\u0085d\x7f")
@example(text="\U0001f600 \\u0041")
async def test_any_text_is_one_string_literal_of_that_value(checker: Checker, text: str) -> None:
    # A bracketed name holds a string literal, so the column is called by the literal's value.
    query = f"print [{literals.string('_' + text)}] = {literals.string(text)}"

    assert await types_of(checker, query) == {"_" + text: "string"}


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfff", "\udc00\ud800"])
async def test_text_that_no_query_can_carry_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InputError, match=r"line 1, column [12]") as refused:
        literals.string(text)

    assert refused.value.hint == "Remove that character."


@with_worker
@given(name=NAMES)
@example(name="where")
@example(name="a b")
@example(name="x'] | take 1 //")
@example(name='x"] | take 1 //')
@example(name="by")
@example(name="__packed")
@example(name="Type")
@example(name="1a")
@example(name="TRUE")
@example(name="False")
@example(name="int32")
async def test_any_name_is_one_identifier(checker: Checker, name: str) -> None:
    query = f"print {literals.identifier(name)} = 1"

    assert await types_of(checker, query) == {name: "long"}


async def test_no_keyword_of_kusto_is_written_without_brackets(
    checker: Checker,
) -> None:
    words = KEYWORDS.split()
    names = ", ".join(f"{literals.identifier(word)} = 1" for word in words)

    assert list(await types_of(checker, f"print {names}")) == words


@pytest.mark.parametrize("name", ["", "Sec*", "*", "a\nb", "a\0", "a" * 1025, "a\u202eb"])
async def test_what_can_be_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        literals.identifier(name)


async def test_a_plain_name_stays_as_it_is() -> None:
    assert literals.identifier("SigninLogs") == "SigninLogs"
    assert literals.identifier("_ResourceId") == "_ResourceId"


@pytest.mark.parametrize(
    ("literal", "type_"),
    [
        (literals.long_(-(2**63)), "long"),
        (literals.long_(2**63 - 1), "long"),
        (literals.long_(-5), "long"),
        (literals.real_(1.5), "real"),
        (literals.real_(-1e308), "real"),
        (literals.real_(5e-324), "real"),
        (literals.real_(math.nan), "real"),
        (literals.real_(math.inf), "real"),
        (literals.real_(-math.inf), "real"),
        (literals.bool_(value=True), "bool"),
        (literals.bool_(value=False), "bool"),
        (literals.guid(UUID("74be27de-1e4e-49d9-b579-fe0b331d3642")), "guid"),
        (literals.datetime_(datetime(2026, 1, 2, 3, 4, 5, 6, UTC)), "datetime"),
        (literals.datetime_(datetime(1, 1, 1, tzinfo=UTC)), "datetime"),
        (literals.timespan_(timedelta(days=-3, microseconds=1)), "timespan"),
        (literals.timespan_(timedelta(days=9000, hours=5)), "timespan"),
        (literals.dynamic(None), "dynamic"),
        (literals.dynamic([]), "dynamic"),
    ],
)
async def test_a_literal_is_of_its_kusto_type(checker: Checker, literal: str, type_: str) -> None:
    types = await types_of(checker, f"print x = {literal}, y = 1 - 1")

    assert types == {"x": type_, "y": "long"}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@with_worker
@given(value=JSON.filter(lambda value: "Infinity" not in json.dumps(value)))
@example(value={'") | take 1 //': ["\u2028", "\\", "\n", '"', "')"]})
async def test_any_json_is_one_dynamic_literal(checker: Checker, value: literals.Json) -> None:
    literal = literals.dynamic(value)

    assert await types_of(checker, f"print x = {literal}, y = 2") == {
        "x": "dynamic",
        "y": "long",
    }
    assert json.loads(literal.removeprefix("dynamic(").removesuffix(")")) == value


@pytest.mark.parametrize("value", [math.inf, [math.nan], {"a": 2**63}, ["\ud800"], {"a\0": 1}])
async def test_what_json_in_a_query_cannot_hold_is_refused(value: literals.Json) -> None:
    with pytest.raises(InputError):
        literals.dynamic(value)


async def test_a_number_beyond_64_bits_is_refused() -> None:
    with pytest.raises(InputError):
        literals.long_(2**63)


async def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InputError, match="no time zone"):
        literals.datetime_(datetime(2026, 1, 1))


async def test_times_are_written_in_utc() -> None:
    moment = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))

    assert literals.datetime_(moment) == "datetime(2025-12-31T23:30:00.000000Z)"


async def test_a_negative_duration_keeps_its_size() -> None:
    assert literals.timespan_(timedelta(hours=-25)) == "timespan(-1.01:00:00.000000)"


async def test_a_list_is_what_in_takes(checker: Checker, sentinel: Catalog) -> None:
    values = literals.list_(["a'b", 'c"d', "e\\"])
    query = f"SigninLogs | where UserId in {values} | count"

    assert await types_of(checker, query, sentinel) == {"Count": "long"}


async def test_an_empty_list_is_refused() -> None:
    with pytest.raises(InputError):
        literals.list_([])
