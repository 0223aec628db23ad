from __future__ import annotations

import pytest

from sentinel_mcp.kql.catalog import SCALAR_TYPES, Catalog, TableSchema, scalar_type
from sentinel_mcp.kql.functions import FunctionSchema
from sentinel_mcp.kql.results import Column

STANDARD = {"TimeGenerated", "TenantId", "Type", "_ResourceId", "_SubscriptionId", "_ItemId"}


def names(table: TableSchema) -> set[str]:
    return {column.name for column in table.columns}


def test_both_environments_know_their_tables(sentinel: Catalog, xdr: Catalog) -> None:
    assert len(sentinel.tables) > 650
    assert {"SigninLogs", "SecurityEvent", "CommonSecurityLog"} <= set(sentinel.tables)
    assert {"DeviceProcessEvents", "IdentityInfo", "AlertInfo"} <= set(xdr.tables)
    assert "SigninLogs" not in xdr.tables


def test_the_environments_differ_in_the_case_of_columns(sentinel: Catalog, xdr: Catalog) -> None:
    assert "AccountUPN" in names(sentinel.tables["IdentityInfo"])
    assert "AccountUpn" in names(xdr.tables["IdentityInfo"])


def test_every_type_is_a_scalar_type_of_kusto(sentinel: Catalog, xdr: Catalog) -> None:
    found = {
        column.type
        for catalog in (sentinel, xdr)
        for table in (*catalog.tables.values(), *catalog.functions.values())
        for column in table.columns
    }

    assert found <= SCALAR_TYPES


@pytest.mark.parametrize(
    ("spelling", "type_"),
    [
        ("String", "string"),
        ("Enumerated", "string"),
        ("Integer", "int"),
        ("BigInt", "long"),
        ("Boolean", "bool"),
        ("Double", "real"),
        ("Date/Time", "datetime"),
        ("IP Address", "string"),
        ("", "string"),
        ("dynamic", "dynamic"),
        ("Guid", "guid"),
    ],
)
def test_a_documented_type_becomes_a_type_of_kusto(spelling: str, type_: str) -> None:
    assert scalar_type(spelling) == type_


def test_every_table_of_a_workspace_has_the_standard_columns(sentinel: Catalog) -> None:
    lacking = {name for name, table in sentinel.tables.items() if STANDARD - names(table)}

    assert lacking == set()


def test_no_column_is_listed_twice(sentinel: Catalog, xdr: Catalog) -> None:
    doubled = [
        table.name
        for catalog in (sentinel, xdr)
        for table in catalog.tables.values()
        if len(names(table)) < len(table.columns)
    ]

    assert doubled == []


def test_tables_of_the_workspace_win_and_the_others_are_kept_as_not_present(
    sentinel: Catalog,
) -> None:
    live = [
        TableSchema("Okta_CL", (Column("actor_s", "String"),)),
        TableSchema("SigninLogs", (Column("Only", "long"),), "mine"),
    ]

    merged = sentinel.with_tables(live)

    assert merged.tables["Okta_CL"].columns[0] == Column("actor_s", "string")
    assert names(merged.tables["Okta_CL"]) >= STANDARD
    assert "Only" in names(merged.tables["SigninLogs"])
    assert "UserPrincipalName" not in names(merged.tables["SigninLogs"])
    assert merged.tables["SigninLogs"].present
    assert not merged.tables["SecurityEvent"].present
    assert sentinel.tables["SecurityEvent"].present


def test_parsers_that_were_only_assumed_are_gone_once_a_workspace_was_asked(
    sentinel: Catalog,
) -> None:
    assert "Cisco_Umbrella" in sentinel.functions

    merged = sentinel.with_tables([])

    assert "Cisco_Umbrella" not in merged.functions
    assert "_GetWatchlist" in merged.functions


def test_the_version_changes_with_the_schema_and_with_nothing_else(sentinel: Catalog) -> None:
    one = sentinel.with_tables([TableSchema("A_CL", (Column("a", "long"),))])
    same = sentinel.with_tables([TableSchema("A_CL", (Column("a", "long", "described"),))])
    retyped = sentinel.with_tables([TableSchema("A_CL", (Column("a", "string"),))])
    further = one.with_functions([FunctionSchema("f", kind="body", body="A_CL")])

    assert one.version == same.version
    assert len({sentinel.version, one.version, retyped.version, further.version}) == 4


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("SiginLogs", "SigninLogs"),
        ("securityevent", "SecurityEvent"),
        ("SecurityAlerts", "SecurityAlert"),
        ("DeviceProcesEvents", "DeviceProcessEvents"),
        ("imDNS", "imDns"),
        ("CommonSecurity", "CommonSecurityLog"),
    ],
)
def test_the_nearest_name_comes_first(sentinel: Catalog, written: str, meant: str) -> None:
    assert sentinel.nearest(written)[0] == meant


def test_a_name_like_no_other_has_no_nearest(sentinel: Catalog) -> None:
    assert sentinel.nearest("Zzyzx") == ()
    assert len(sentinel.nearest("Device", limit=2)) <= 2
