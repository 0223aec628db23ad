"""Coverage of ATT&CK: what is counted, what is a gap, and what would close it."""

from __future__ import annotations

from typing import Any

from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains import attack
from sentinel_mcp.domains.rules.coverage_models import (
    MitreCoverage,
    TacticCoverage,
    TechniqueCoverage,
)
from sentinel_mcp.settings import Settings


def tagged(name: str, kind: str = "Scheduled", **properties: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "properties": {"displayName": name, **properties}}


def query(name: str, category: str = "Hunting Queries", **tags: str) -> dict[str, Any]:
    return {
        "name": name,
        "properties": {
            "category": category,
            "displayName": name,
            "query": "Heartbeat",
            "tags": [{"name": tag, "value": value} for tag, value in tags.items()],
        },
    }


RULES = [
    tagged("on", enabled=True, tactics=["CredentialAccess"], techniques=["T1110"]),
    tagged(
        "on-sub",
        enabled=True,
        tactics=["CredentialAccess", "InitialAccess"],
        techniques=["T1110"],
        subTechniques=["T1110.003"],
    ),
    tagged("off", enabled=False, tactics=["Execution"], techniques=["T1059.001"]),
    tagged("fusion", "Fusion", enabled=True, tactics=["Impact"]),
    tagged("odd", enabled=True, tactics=["Sorcery"], techniques=["T9999"]),
    tagged("product", "MicrosoftSecurityIncidentCreation", enabled=True),
    {"name": "bare"},
]
TEMPLATES = [
    tagged("t-shell", tactics=["Execution"], techniques=["T1059"]),
    tagged("t-mail", tactics=["InitialAccess"], techniques=["T1566"]),
    tagged("t-mail-2", tactics=["InitialAccess"], techniques=["T1566.002"]),
    tagged("t-plant", tactics=["ImpairProcessControl"], techniques=["T0836"]),
]
QUERIES = [
    query("h-spray", tactics="Credential Access, Persistence", techniques="T1110.003,T1098"),
    query("h-mail", tactics="InitialAccess", techniques="t1566"),
    query("function", "Functions", tactics="Impact", techniques="T1486"),
    {
        "name": "h-old",
        "properties": {
            "Category": "Hunting Queries",
            "DisplayName": "h-old",
            "Query": "x",
            "Tags": [{"Name": "tactics", "Value": "Impact"}],
        },
    },
    {"name": "h-bare", "properties": {"category": "Hunting Queries"}},
]
ROUTES: dict[str, Route] = {
    "GET alertRules": {"value": RULES},
    "GET alertRuleTemplates": {"value": TEMPLATES},
    "GET savedSearches": {"value": QUERIES},
}


async def covered(client: Client[FastMCPTransport], **arguments: Any) -> MitreCoverage:
    answer = await client.call_tool("get_mitre_coverage", arguments)
    return MitreCoverage.model_validate(answer.structured_content)


def counts(each: TacticCoverage | TechniqueCoverage) -> tuple[int, int, int, int]:
    return each.enabled_rules, each.disabled_rules, each.templates, each.hunting_queries


async def test_every_tactic_is_counted_and_three_requests_are_made() -> None:
    azure = ScriptedAzure(ROUTES)

    async with served(azure) as client:
        coverage = await covered(client)

    found = {each.tactic: counts(each) for each in coverage.tactics}
    assert list(found) == [*attack.TACTICS, "Sorcery"]
    assert {tactic: numbers for tactic, numbers in found.items() if any(numbers)} == {
        "CredentialAccess": (2, 0, 0, 1),
        "InitialAccess": (1, 0, 2, 1),
        "Execution": (0, 1, 1, 0),
        "Persistence": (0, 0, 0, 1),
        "Impact": (1, 0, 0, 1),
        "ImpairProcessControl": (0, 0, 1, 0),
        "Sorcery": (1, 0, 0, 0),
    }
    assert len(azure.requests) == 3
    totals = coverage.totals
    assert (totals.enabled_rules, totals.disabled_rules) == (5, 2)
    assert (totals.templates, totals.hunting_queries) == (4, 4)
    assert coverage.untagged_rules == 1
    assert coverage.unknown_tags == ["Sorcery", "T9999"]


async def test_a_sub_technique_counts_for_its_technique_once_and_is_kept() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        coverage = await covered(client)

    found = {each.technique: each for each in coverage.techniques}
    brute = found["T1110"]
    assert (brute.name, counts(brute)) == ("Brute Force", (2, 0, 0, 1))
    (spraying,) = brute.sub_techniques
    assert (spraying.technique, spraying.enabled_rules, spraying.hunting_queries) == (
        "T1110.003",
        1,
        1,
    )
    assert counts(found["T1059"]) == (0, 1, 1, 0)
    assert (found["T9999"].name, found["T9999"].tactics) == (None, ["Sorcery"])
    # Those that only a template names are in the gaps.
    assert set(found) == {"T1110", "T1059", "T9999", "T1566", "T1098"}


async def test_a_gap_has_no_enabled_rule_and_names_what_would_close_it() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        coverage = await covered(client)

    # The two that most would close come first.
    assert [each.technique for each in coverage.gaps[:3]] == ["T1059", "T1566", "T0836"]
    shell, mail = coverage.gaps[:2]
    assert [each.name for each in shell.disabled_rules] == ["off"]
    assert [each.name for each in shell.templates] == ["t-shell"]
    assert ([each.name for each in mail.templates], mail.templates_count) == (
        ["t-mail", "t-mail-2"],
        2,
    )
    enterprise = {
        each.id
        for each in attack.techniques().values()
        if each.matrix == "enterprise" and not each.is_sub
    }
    assert coverage.gap_count == len(enterprise - {"T1110"}) + len({"T0836"})
    assert len(coverage.gaps) == 25
    assert f"25 of {coverage.gap_count}" in coverage.notices[0]


async def test_a_tactic_without_an_enabled_rule_is_a_gap_with_its_templates() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        coverage = await covered(client)

    gaps = {each.tactic: [found.name for found in each.templates] for each in coverage.tactic_gaps}
    assert set(gaps) == set(attack.TACTICS) - {"CredentialAccess", "InitialAccess", "Impact"}
    assert gaps["Execution"] == ["t-shell"]
    assert gaps["ImpairProcessControl"] == ["t-plant"]
    assert gaps["Discovery"] == []


async def test_one_tactic_is_told_with_all_its_techniques_and_the_rules_of_each() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        coverage = await covered(client, tactic="credential access")

    expected = {
        each.id
        for each in attack.techniques().values()
        if "CredentialAccess" in each.tactics and each.matrix == "enterprise" and not each.is_sub
    }
    assert {each.technique for each in coverage.techniques} == expected
    brute = next(each for each in coverage.techniques if each.technique == "T1110")
    assert [each.name for each in brute.rules] == ["on", "on-sub"]
    assert {each.technique for each in coverage.gaps} == expected - {"T1110"}
    assert [each.tactic for each in coverage.tactics] == ["CredentialAccess"]
    assert (coverage.gap_count, coverage.notices) == (len(expected) - 1, [])


async def test_the_tactics_of_industrial_systems_have_their_own_techniques() -> None:
    async with served(ScriptedAzure(ROUTES)) as client:
        coverage = await covered(client, tactic="ImpairProcessControl")

    (tactic,) = coverage.tactics
    assert (tactic.matrix, tactic.techniques_covered) == ("ics", 0)
    assert coverage.gaps[0].technique == "T0836"
    assert all(each.technique.startswith("T0") for each in coverage.techniques)


async def test_an_empty_workspace_covers_nothing_and_has_every_gap() -> None:
    routes: dict[str, Route] = {key: {"value": []} for key in ROUTES}

    async with served(ScriptedAzure(routes)) as client:
        coverage = await covered(client)

    assert all(counts(each) == (0, 0, 0, 0) for each in coverage.tactics)
    assert (coverage.techniques, coverage.missing) == ([], [])
    assert [each.tactic for each in coverage.tactic_gaps] == list(attack.TACTICS)


async def test_a_list_that_is_refused_is_missing_and_the_rest_is_counted() -> None:
    routes = {**ROUTES, "GET savedSearches": refusal(403, "AuthorizationFailed")}

    async with served(ScriptedAzure(routes)) as client:
        coverage = await covered(client)

    (missing,) = coverage.missing
    assert (missing.part, missing.error.code) == ("hunting_queries", "access_denied")
    assert coverage.totals.templates == 4


async def test_an_answer_over_the_limit_is_cut_and_says_so() -> None:
    settings = Settings(max_answer_bytes=8_192)

    async with served(ScriptedAzure(ROUTES), settings=settings) as client:
        coverage = await covered(client, tactic="DefenseEvasion")

    assert len(coverage.model_dump_json()) <= 8_192
    assert any(each.startswith("`gaps` has ") for each in coverage.notices)
