"""What holds for every tool there is: refusals, read-only mode, unknown workspaces, bad cursors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.embedded import server_over
from tests.local.stores import built_store, copied
from tests.scripted import WORKSPACE, Reply, Route, ScriptedAzure, Tokens, refusal

from moment import clock
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.workspace import LocalWorkspace, open_local
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]
Arguments = dict[str, Any]

PLAYBOOK = (
    f"/subscriptions/{identity.SUBSCRIPTION_ID}/resourceGroups/{identity.RESOURCE_GROUP}"
    "/providers/Microsoft.Logic/workflows/isolate-machine"
)
QUERY = "SigninLogs | take 1"

READS: Mapping[str, Arguments] = {
    "run_query": {"query": QUERY},
    "run_queries": {"queries": [QUERY]},
    "start_query": {"query": QUERY},
    "validate_query": {"query": QUERY},
    "search_tables": {"text": "sign-in"},
    "get_table": {"name": "SigninLogs"},
    "list_incidents": {},
    "get_incident": {"incident": "main"},
    "list_alerts": {},
    "get_alert": {"alert": "alert"},
    "get_incident_statistics": {},
    "list_rules": {},
    "get_rule": {"rule": "alertRules"},
    "list_rule_templates": {},
    "get_rule_template": {"template": "alertRuleTemplates"},
    "get_mitre_coverage": {},
    "get_rule_health": {},
    "list_hunting_queries": {},
    "get_hunting_query": {"hunting_query": "hunt"},
    "run_hunting_query": {"hunting_query": "hunt"},
    "list_saved_searches": {},
    "get_saved_search": {"saved_search": "savedSearches"},
    "list_bookmarks": {},
    "get_bookmark": {"bookmark": "bookmarks"},
    "list_hunts": {},
    "list_connectors": {},
    "get_connector": {"connector": "dataConnectors"},
    "check_data_freshness": {},
    "list_watchlists": {},
    "get_watchlist": {"watchlist": "watchlists"},
    "list_watchlist_items": {"watchlist": "watchlists"},
    "get_watchlist_item": {"watchlist": "watchlists", "item": "watchlistItems"},
    "find_in_watchlists": {"value": "10.10.0.14"},
    "search_indicators": {},
    "get_indicator": {"indicator": "indicators"},
    "get_indicator_metrics": {},
    "match_indicators": {"values": ["198.51.100.211"]},
    "investigate_entity": {"value": "198.51.100.211"},
    "get_entity_timeline": {"value": "198.51.100.211"},
    "get_ip_location": {"ip": "198.51.100.211"},
    "get_domain_whois": {"domain": "cdn-telemetry-sync.example"},
    "get_workspace": {},
    "list_workspaces": {},
    "check_connection": {},
    "check_permissions": {},
    "get_usage_report": {},
    "list_source_controls": {},
    "get_source_control": {"source_control": "sourcecontrols"},
    "list_metadata": {},
    "get_metadata": {"metadata": "metadata"},
    "list_anomaly_settings": {},
    "get_anomaly_setting": {"anomaly_setting": "securityMLAnalyticsSettings"},
    "get_sentinel_settings": {},
    "query_metrics": {},
    "list_automation_rules": {},
    "get_automation_rule": {"automation_rule": "automationRules"},
    "list_content_packages": {},
    "list_content_templates": {},
    "list_product_packages": {},
    "list_summary_rules": {},
    "list_workbooks": {},
    "list_parsers": {},
    "list_recommendations": {},
    "list_users": {},
    "get_user": {"user": "graphUsers"},
    "list_groups": {},
    "get_group": {"group": "graphGroups"},
    "get_role_assignments": {},
    "run_advanced_hunting": {"query": "DeviceInfo | take 1"},
    "list_defender_incidents": {},
    "get_defender_incident": {"incident": "defenderIncidents"},
    "list_defender_alerts": {},
    "query_lake": {"query": QUERY},
    "list_tasks": {},
    "get_task": {"task_id": "none"},
    "cancel_task": {"task_id": "none"},
}
"""How each reading tool is called; a text that is a kind of document stands for the first of it."""

CHANGES: Mapping[str, Arguments] = {
    "update_incident": {"incident": "main", "severity": "Low"},
    "create_incident": {"title": "Seen by phone", "severity": "Low"},
    "add_incident_comment": {"incident": "main", "message": "Looked at."},
    "add_incident_task": {"incident": "main", "title": "Call the owner"},
    "update_incident_task": {"incident": "main", "task": "incidentTasks", "status": "Completed"},
    "relate_to_incident": {"incident": 1171, "bookmark": "bookmarks"},
    "run_playbook": {
        "incident": "main",
        "logic_app_id": PLAYBOOK,
        "tenant_id": identity.TENANT_ID,
    },
    "create_rule": {"title": "New", "query": QUERY, "severity": "Low"},
    "update_rule": {"rule": "alertRules", "severity": "Informational"},
    "set_rule_enabled": {"rule": "alertRules", "enabled": False},
    "delete_rule": {"rule": "alertRules"},
    "create_bookmark": {"title": "Odd", "query": QUERY},
    "save_query": {"name": "Mine", "query": QUERY},
    "delete_saved_query": {"saved_search": "savedSearches"},
    "create_watchlist": {
        "watchlist": "New",
        "name": "New",
        "search_key": "Address",
        "rows": [{"Address": "192.0.2.1"}],
    },
    "upsert_watchlist_item": {
        "watchlist": "HighValueAssets",
        "values": {"Asset FQDN": "new.example"},
    },
    "delete_watchlist_item": {"watchlist": "watchlists", "item": "watchlistItems"},
    "delete_watchlist": {"watchlist": "watchlists"},
    "create_indicator": {"value": "192.0.2.1"},
    "delete_indicator": {"indicator": "indicators"},
    "tag_indicator": {"indicator": "indicators", "tags": ["new"]},
}
"""How each writing tool is called, so that something would change."""

ANSWER_ANYWAY = {
    "check_connection": "tells what does not answer",
    "check_permissions": "tells that nothing is allowed",
    "check_data_freshness": "tells which of its parts are missing",
    "list_workspaces": "shows those that are configured",
    "list_tasks": "asks nobody",
    "get_task": "asks nobody",
    "cancel_task": "asks nobody",
    "start_query": "answers before Azure does",
    "validate_query": "goes by the bundled schema",
    "search_tables": "goes by the bundled schema",
    "get_table": "goes by the bundled schema",
    "run_queries": "tells it of each query",
}
"""Reading tools whose answer is no error even where Azure refuses everything, and why."""


def taking(argument: str) -> list[str]:
    """Return the tools that have an argument of that name."""
    tools = asyncio.run(create_server(Settings(), workspaces=[WORKSPACE]).list_tools())
    return sorted(each.name for each in tools if argument in each.parameters["properties"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def embedded(
    tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncGenerator[LocalWorkspace]:
    directory = copied(built_store(tmp_path_factory), tmp_path_factory.mktemp("every") / "store")
    workspace = await open_local(directory, checker, clock=clock())
    yield workspace
    await workspace.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(embedded: LocalWorkspace, checker: Checker) -> AsyncGenerator[Connected]:
    """Connect to a server that shows its writing tools and may not write."""
    server = server_over(embedded, checker, Settings(allow_writes=False))
    async with Client(server) as connected:
        yield connected


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def refused(checker: Checker) -> AsyncGenerator[Connected]:
    """Connect to a server whose Azure refuses everything."""
    denied = refusal(403, "AuthorizationFailed", "The client lacks the right to do this.")
    azure = ScriptedAzure({"*": denied})
    server = create_server(
        Settings(allow_writes=True),
        workspaces=[WORKSPACE.model_copy(update={"location": "westeurope"})],
        make_transport=lambda: azure,
        make_credential=Tokens,
        checker=checker,
    )
    async with Client(server) as connected:
        yield connected


def real(arguments: Arguments, workspace: LocalWorkspace) -> Arguments:
    """Put names of what there is in the place of kinds."""
    documents = workspace.store.documents
    watchlist = documents.list("watchlists")[0]["name"]

    def name(value: Any) -> Any:
        if value == "hunt":
            searches = documents.list("savedSearches")
            return next(
                each["name"]
                for each in searches
                if each["properties"]["category"] == "Hunting Queries"
            )
        if value == "hubQuery":
            templates = documents.list("contentTemplates")
            kinds = {each["name"]: each["properties"]["contentKind"] for each in templates}
            return next(each for each, kind in kinds.items() if kind == "HuntingQuery")
        if value == "alert":
            incidents = reversed(documents.list("incidents"))
            alerts = (documents.list("alerts", each["name"]) for each in incidents)
            return next(each for each in alerts if each)[0]["properties"]["systemAlertId"]
        if value == "main":
            return _main(documents)["properties"]["incidentNumber"]
        if value == "entity":
            return documents.list("entities", _main(documents)["name"])[0]["name"]
        if value == "watchlistItems":
            return documents.list(value, watchlist)[0]["name"]
        if value == "incidentTasks":
            return documents.list(value, _main(documents)["name"])[0]["name"]
        if isinstance(value, str) and (found := documents.list(value)):
            # Graph's documents have no name.
            return found[0].get("name") or found[0].get("graph", found[0])["id"]
        return value

    return {key: name(value) for key, value in arguments.items()}


def _main(documents: Documents) -> dict[str, Any]:
    """Return the intrusion's incident; its number depends on the day of the week."""
    incidents = documents.list("incidents")
    return next(each for each in incidents if "Multi-stage" in each["properties"]["title"])


async def test_every_tool_is_called_in_these_tests(client: Connected) -> None:
    server_tools = {tool.name: tool for tool in await client.list_tools()}
    changing = {
        name
        for name, tool in server_tools.items()
        if tool.annotations
        and not tool.annotations.read_only_hint
        and tool.annotations.open_world_hint
    }

    assert set(server_tools) == {*READS, *CHANGES}
    assert changing == set(CHANGES)


@pytest.mark.parametrize("tool", READS)
async def test_a_reading_tool_answers_on_the_scenario_without_writing(
    client: Connected, embedded: LocalWorkspace, tool: str
) -> None:
    answer = await client.call_tool(tool, real(READS[tool], embedded), raise_on_error=False)

    if tool in ("get_task", "cancel_task"):
        assert answer.is_error
        assert (answer.meta or {})["error"]["code"] == "not_found"
    else:
        assert not answer.is_error, answer.content


@pytest.mark.parametrize("tool", CHANGES)
async def test_a_writing_tool_is_refused_by_the_pipeline_in_read_only_mode(
    client: Connected, embedded: LocalWorkspace, tool: str
) -> None:
    embedded.request_log.clear()
    arguments = {**real(CHANGES[tool], embedded), **agreed(tool)}

    answer = await client.call_tool(tool, arguments, raise_on_error=False)

    assert answer.is_error
    assert (answer.meta or {})["error"]["code"] == "read_only", answer.content
    assert {each.method for each in embedded.request_log} <= {"GET", "POST"}
    assert not [each for each in embedded.request_log if each.path.endswith("runPlaybook")]


@pytest.mark.parametrize("tool", CHANGES)
async def test_a_dry_run_sends_no_write(
    client: Connected, embedded: LocalWorkspace, tool: str
) -> None:
    arguments = {**real(CHANGES[tool], embedded), "dry_run": True}

    answer = await client.call_tool(tool, arguments, raise_on_error=False)

    # In read-only mode: had it tried to write, it would have been refused.
    assert not answer.is_error, answer.content
    assert (answer.structured_content or {})["outcome"] == "preview"


@pytest.mark.parametrize("tool", sorted({*READS, *CHANGES} - set(ANSWER_ANYWAY)))
async def test_a_refusal_by_azure_names_what_to_grant(refused: Connected, tool: str) -> None:
    arguments = {**READS, **CHANGES}[tool] | agreed(tool)

    answer = await refused.call_tool(tool, arguments, raise_on_error=False)

    assert answer.is_error, answer.structured_content
    error = (answer.meta or {})["error"]
    assert error["code"] == "access_denied", error
    assert "Grant" in error["hint"], error


@pytest.mark.parametrize("tool", taking("workspace"))
async def test_an_unknown_workspace_is_refused_with_those_there_are(
    client: Connected, tool: str
) -> None:
    arguments = {**READS, **CHANGES}[tool] | agreed(tool) | {"workspace": "elsewhere"}

    answer = await client.call_tool(tool, arguments, raise_on_error=False)

    error = (answer.meta or {}).get("error")
    if tool == "run_queries":
        error = (answer.structured_content or {})["results"][0]["error"]
    assert error, answer.content
    assert error["code"] == "not_found"
    assert "local" in f"{error['message']} {error['hint']}"


@pytest.mark.parametrize("tool", taking("cursor"))
async def test_a_cursor_of_another_call_is_refused(
    client: Connected, embedded: LocalWorkspace, tool: str
) -> None:
    for cursor in ("x", "https://attacker.example/?$skipToken=1", "AAAA" * 40):
        answer = await client.call_tool(
            tool, {**real(READS[tool], embedded), "cursor": cursor}, raise_on_error=False
        )

        assert answer.is_error
        assert (answer.meta or {})["error"]["code"] == "invalid_input", answer.content


def agreed(tool: str) -> Arguments:
    return {"confirm": True} if tool in ASKING else {}


ASKING = frozenset(taking("confirm"))


NOTHING: dict[str, Any] = {
    "name": "x",
    "properties": {},
    "value": [],
    "tables": [{"name": "PrimaryResult", "columns": [], "rows": []}],
    "schema": [],
    "results": [],
    "entities": [],
    "metaData": [],
}
"""An empty list, an empty result and an empty document in one: whatever is asked, nothing."""

NO_FRAMES: list[dict[str, Any]] = [
    {"FrameType": "DataSetHeader", "IsProgressive": False, "Version": "v2.0"},
    {
        "FrameType": "DataTable",
        "TableKind": "PrimaryResult",
        "TableName": "PrimaryResult",
        "Columns": [],
        "Rows": [],
    },
    {"FrameType": "DataSetCompletion", "HasErrors": False, "Cancelled": False},
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def empty(checker: Checker) -> AsyncGenerator[Connected]:
    """Connect to a server whose Azure has nothing."""
    routes: dict[str, Route] = {"*": Reply(NOTHING), "POST rest/query": Reply(NO_FRAMES)}
    azure = ScriptedAzure(routes)
    server = create_server(
        Settings(),
        workspaces=[WORKSPACE.model_copy(update={"location": "westeurope"})],
        make_transport=lambda: azure,
        make_credential=Tokens,
        checker=checker,
    )
    async with Client(server) as connected:
        yield connected


@pytest.mark.parametrize("tool", READS)
async def test_of_an_empty_workspace_a_tool_answers_with_nothing_or_not_found(
    empty: Connected, tool: str
) -> None:
    answer = await empty.call_tool(tool, READS[tool], raise_on_error=False)

    if tool == "run_hunting_query":
        assert "The stored query has no text." in str(answer.content)
    elif answer.is_error:
        assert (answer.meta or {})["error"]["code"] == "not_found", answer.content
        assert not tool.startswith(("list_", "search_", "run_", "check_")), answer.content
    elif tool.startswith(("list_", "search_")) and tool not in SHOW_WHAT_IS_KNOWN:
        content = answer.structured_content or {}
        filled = [name for name, value in content.items() if isinstance(value, list) and value]
        assert set(filled) <= {"workspaces", "warnings", "notices"}, content


SHOW_WHAT_IS_KNOWN = {
    "list_tasks": "shows those of this server",
    "list_workspaces": "shows those that are configured",
    "search_tables": "knows the documented tables",
}
"""What is never empty, and why."""


@pytest.mark.parametrize("tool", taking("etag"))
async def test_a_change_of_another_version_than_was_seen_is_a_conflict(
    client: Connected, embedded: LocalWorkspace, tool: str
) -> None:
    arguments = real(CHANGES[tool], embedded) | agreed(tool) | {"etag": '"of another version"'}

    answer = await client.call_tool(tool, arguments, raise_on_error=False)

    # In read-only mode: had it tried to write, the code would be another.
    assert answer.is_error
    assert (answer.meta or {})["error"]["code"] == "conflict", answer.content
