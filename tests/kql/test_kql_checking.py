"""What a check says of a query; all through one `Checker` and its real worker."""

from __future__ import annotations

import asyncio

import pytest

from sentinel_mcp.errors import InputError, KqlError
from sentinel_mcp.kql.catalog import Catalog, TableSchema
from sentinel_mcp.kql.functions import FunctionSchema
from sentinel_mcp.kql.results import Check, Column, Diagnostic
from sentinel_mcp.kql.validator import MAX_QUERY_BYTES, Checker

pytestmark = pytest.mark.asyncio(loop_scope="session")


def first(check: Check) -> Diagnostic:
    assert check.errors
    return check.errors[0]


async def test_a_sound_query_is_valid_and_its_shape_is_told(
    checker: Checker, sentinel: Catalog
) -> None:
    query = "SigninLogs | where ResultType != 0 | summarize Failures = count() by UserPrincipalName"

    check = await checker.check(query, sentinel)

    assert check.valid
    assert check.engine == "kusto_language"
    assert check.tables == ("SigninLogs",)
    assert check.functions == ("count",)
    assert check.columns == (Column("UserPrincipalName", "string"), Column("Failures", "long"))


async def test_the_formatted_query_is_one_operator_a_line(
    checker: Checker, sentinel: Catalog
) -> None:
    check = await checker.check("SigninLogs|where UserId=='a'|take 5", sentinel)

    assert check.formatted == "SigninLogs\n| where UserId == 'a'\n| take 5"


async def test_an_error_has_line_and_column_counted_in_characters(
    checker: Checker, sentinel: Catalog
) -> None:
    query = "SigninLogs\n| where UserId == '\U0001f600\U0001f600' and\n  Nowhere == 1"

    found = first(await checker.check(query, sentinel))

    assert (found.code, found.line, found.column, found.length) == ("KS142", 3, 3, 7)


async def test_a_column_is_counted_behind_characters_of_two_units_each(
    checker: Checker, sentinel: Catalog
) -> None:
    found = first(await checker.check("print a='\U0001f600\U0001f600', b=Nowhere", sentinel))

    assert (found.line, found.column, found.length) == (1, 17, 7)


@pytest.mark.parametrize(
    ("query", "code", "column", "suggestion"),
    [
        ("SiginLogs | take 1", "KS204", 1, "Did you mean 'SigninLogs' or 'ADFSSignInLogs'?"),
        ("signinlogs | take 1", "KS204", 1, "Did you mean 'SigninLogs'?"),
        ("SigninLog", "KS142", 1, "Did you mean 'SigninLogs' or 'ADFSSignInLogs'?"),
        ("SigninLogs | where UserPrincipleName == ''", "KS142", 20, "UserPrincipalName"),
        ("SigninLogs | where userid == ''", "KS142", 20, "Did you mean 'UserId'?"),
        ("SigninLogs | where Timestamp > ago(1d)", "KS142", 20, "Did you mean 'TimeGenerated'?"),
        ("SigninLogs | project A = UserId | where UserId == ''", "KS142", 41, None),
        ("SigninLogs | project X = UserId | where Xx == ''", "KS142", 41, None),
        ("SigninLogs | extend a = strcatt(UserId, '')", "KS211", 25, "'strcat'"),
        ("SigninLogs | evaluate bagunpack(Status)", "KS124", 23, "Did you mean 'bag_unpack'?"),
        ("SigninLogs | whre UserId == ''", "KS176", 14, "Did you mean 'where'?"),
        ("SigninLogs | where UserId == 'open", "KS001", 35, None),
        ("SigninLogs | where (UserId == ''", "KS005", 33, None),
        ("SigninLogs | where ResultType > ago(1d)", "KS106", 31, None),
    ],
)
async def test_a_mistake_is_found_where_it_is_and_the_meant_name_is_told(
    checker: Checker,
    sentinel: Catalog,
    query: str,
    code: str,
    column: int,
    suggestion: str | None,
) -> None:
    check = await checker.check(query, sentinel)

    assert not check.valid
    assert check.columns is None
    found = next(each for each in check.errors if each.code == code)
    assert (found.line, found.column) == (1, column)
    if suggestion is None:
        assert found.suggestion is None
    else:
        assert suggestion in (found.suggestion or "")


@pytest.mark.parametrize("query", ["", "  \n ", "// nothing", "let x = 1;", "let x = 1; x"])
async def test_a_query_that_yields_no_rows_is_invalid(
    checker: Checker, sentinel: Catalog, query: str
) -> None:
    assert first(await checker.check(query, sentinel)).code == "no-result"


async def test_the_same_table_binds_by_the_case_of_its_environment(
    checker: Checker, sentinel: Catalog, xdr: Catalog
) -> None:
    query = "IdentityInfo | project AccountUpn"

    assert (await checker.check(query, xdr)).valid
    assert first(await checker.check(query, sentinel)).suggestion == "Did you mean 'AccountUPN'?"


@pytest.mark.parametrize(
    "query",
    [
        "_GetWatchlist('vips') | where Anything == 'x' | project SearchKey, Anything",
        "_Im_Dns(starttime=ago(1d), domain_has_any=dynamic(['x'])) | project SrcIpAddr, DnsQuery",
        "imAuthentication | summarize count() by TargetUsername, EventResult",
        "_ASim_NetworkSession | project DstIpAddr, Dvc",
        "imProcessCreate(commandline_has_any=dynamic(['x'])) | project CommandLine, User",
        "ASimWebSession | project Url, HttpUserAgent, DstIpAddr",
        "arg('').Resources | where type == 'x' | project name",
        "workspace('other').SecurityEvent | project Account",
        "union SecurityEvent, workspace('other').Custom_CL | count",
        "AzureDiagnostics | where made_up_s == 'x'",
    ],
)
async def test_functions_of_a_workspace_bind(
    checker: Checker, sentinel: Catalog, query: str
) -> None:
    assert (await checker.check(query, sentinel)).errors == ()


@pytest.mark.parametrize(
    "query",
    [
        "DeviceFileEvents | invoke FileProfile(SHA1, 1000) | where GlobalPrevalence < 10",
        "DeviceFileEvents | invoke FileProfile('SHA256') | project DeviceName, Signer",
        "DeviceInfo | invoke SeenBy() | project SeenBy",
        "OAuthAppInfo | where AnyColumn == 1",
    ],
)
async def test_functions_of_defender_bind(checker: Checker, xdr: Catalog, query: str) -> None:
    assert (await checker.check(query, xdr)).errors == ()


async def test_a_column_that_is_not_there_is_no_argument_of_an_enrichment(
    checker: Checker, xdr: Catalog
) -> None:
    query = "DeviceFileEvents | invoke FileProfile(SHA9, 1000)"

    assert first(await checker.check(query, xdr)).code == "KS142"


@pytest.mark.parametrize("query", ["Okta_CL | where x == 1", "Okta_CL", "Cisco_Umbrella | take 1"])
async def test_what_only_a_workspace_could_tell_is_a_warning_until_one_is_asked(
    checker: Checker, sentinel: Catalog, query: str
) -> None:
    guessed = await checker.check(query, sentinel)
    told = await checker.check(query, sentinel.with_tables([]))

    assert guessed.valid
    assert "not known here" in guessed.diagnostics[0].message
    assert guessed.columns is None
    assert not told.valid


async def test_live_tables_and_functions_are_bound_by_their_own_columns(
    checker: Checker, sentinel: Catalog
) -> None:
    live = sentinel.with_tables(
        [TableSchema("Okta_CL", (Column("actor_s", "string"), Column("n_d", "Double")))]
    ).with_functions(
        [FunctionSchema("Logins", "who:string", kind="body", body="Okta_CL | where actor_s == who")]
    )

    check = await checker.check("Logins('a') | project actor_s, n_d", live)

    assert check.columns == (Column("actor_s", "string"), Column("n_d", "real"))
    assert check.functions == ("Logins",)
    unknown = await checker.check("Okta_CL | where actors == 1", live)
    assert first(unknown).suggestion == "Did you mean 'actor_s'?"


async def test_a_table_that_a_fuzzy_union_lacks_is_a_warning_with_the_meant_name(
    checker: Checker, sentinel: Catalog
) -> None:
    check = await checker.check("union isfuzzy=true SiginLogs, AuditLogs | count", sentinel)

    assert check.valid
    assert check.tables == ("AuditLogs",)
    assert [each.severity for each in check.diagnostics] == ["warning"]
    assert "'SigninLogs'" in (check.diagnostics[0].suggestion or "")


async def test_tables_of_a_pattern_are_named_and_a_boundless_pattern_stands_for_itself(
    checker: Checker, sentinel: Catalog
) -> None:
    some = await checker.check("union SecurityI* | count", sentinel)
    every = await checker.check("union * | count", sentinel)

    assert "SecurityIncident" in some.tables
    assert every.tables == ("*",)


async def test_tables_of_other_workspaces_are_not_counted_as_read_here(
    checker: Checker, sentinel: Catalog
) -> None:
    query = "union SecurityEvent, workspace('x').SigninLogs | count"

    assert (await checker.check(query, sentinel)).tables == ("SecurityEvent",)


async def test_a_tree_too_deep_for_the_binder_is_not_called_invalid(
    checker: Checker, sentinel: Catalog
) -> None:
    terms = " or ".join(f"UserId == 'u{index}'" for index in range(800))

    check = await checker.check(f"SigninLogs | where {terms}", sentinel)

    assert check.valid
    assert [each.severity for each in check.diagnostics] == ["warning"]


async def test_a_query_that_breaks_the_binder_is_checked_for_its_syntax(
    checker: Checker, sentinel: Catalog
) -> None:
    query = "declare pattern P = (a:string) { ('x', 'y') = { print 1 } }; P('x')"

    check = await checker.check(query, sentinel)

    assert check.diagnostics
    assert check.engine == "kusto_language"


async def test_a_flood_of_findings_is_cut_and_says_so(checker: Checker, sentinel: Catalog) -> None:
    columns = ", ".join(f"Nowhere{index}" for index in range(200))

    check = await checker.check(f"SigninLogs | project {columns}", sentinel)

    assert len(check.diagnostics) == 51
    assert check.diagnostics[-1].message == "150 more findings are left out."


async def test_half_characters_in_a_query_are_findings_not_faults(
    checker: Checker, sentinel: Catalog
) -> None:
    check = await checker.check("SigninLogs | where \U0001f600 == 1 | count", sentinel)

    assert not check.valid
    assert first(check).line == 1


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("SigninLogs\n| where UserId == '\0'", "line 2, column 20"),
        ("print '\ud800'", "line 1, column 8"),
        ("\udfff", "line 1, column 1"),
    ],
)
async def test_text_that_is_no_text_is_refused_with_its_place(
    checker: Checker, sentinel: Catalog, query: str, place: str
) -> None:
    with pytest.raises(InputError, match=place) as refused:
        await checker.check(query, sentinel)

    assert refused.value.hint


async def test_a_query_beyond_the_limit_is_refused_and_one_at_the_limit_is_checked(
    checker: Checker, sentinel: Catalog
) -> None:
    fitting = "print 1 //"
    fitting += "x" * (MAX_QUERY_BYTES - len(fitting))

    assert (await checker.check(fitting, sentinel)).valid
    for query in (f"{fitting}x", "print '" + "\u00e9" * (MAX_QUERY_BYTES // 2) + "'", "x" * 10**6):
        with pytest.raises(InputError, match="262,144 bytes") as refused:
            await checker.check(query, sentinel)
        assert refused.value.hint


async def test_checks_at_once_get_their_own_answers(checker: Checker, sentinel: Catalog) -> None:
    queries = [f"print Column{index} = {index}" for index in range(25)]

    checks = await asyncio.gather(*(checker.check(query, sentinel) for query in queries))

    names = [check.columns[0].name if check.columns else None for check in checks]
    assert names == [f"Column{index}" for index in range(25)]


async def test_the_rewriting_of_a_query_that_does_not_bind_tells_what_is_wrong(
    checker: Checker, sentinel: Catalog
) -> None:
    with pytest.raises(KqlError) as refused:
        await checker.normalise("SigninLogs | where userid == 'a'", sentinel)

    assert "Line 1, column 20" in refused.value.message
    assert "Did you mean 'UserId'?" in refused.value.message


async def test_a_rewritten_query_is_bound_and_names_what_it_reads(
    checker: Checker, sentinel: Catalog
) -> None:
    normalised = await checker.normalise("SigninLogs | project UserId | take 1", sentinel)

    assert normalised.bound
    assert normalised.tables == ("SigninLogs",)
    assert normalised.columns == (Column("UserId", "string"),)
