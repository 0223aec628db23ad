"""The rule templates: sound KQL, tagged as ATT&CK is, and linked to the rules made from them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import pytest_asyncio

from sentinel_mcp.domains import attack
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.scenario import rule_documents, rule_templates
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.rules import identity_templates, machine_templates
from sentinel_mcp.local.services.rules.checking import check

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEMPLATES = (*identity_templates.TEMPLATES, *machine_templates.TEMPLATES)
CLOCK = Clock(datetime(2026, 11, 22, 12, tzinfo=UTC))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def checker(checker: Checker) -> Checker:
    if await checker.engine() != "kusto_language":
        pytest.skip("there is no .NET here to bind the queries")
    return checker


async def test_every_template_binds_and_maps_columns_that_it_returns(checker: Checker) -> None:
    catalog = bundled("sentinel")
    for each in TEMPLATES:
        found = await checker.check(each.query, catalog)
        assert found.errors == (), each.key
        returned = {column.name for column in found.columns or ()}
        mapped = {column for _, fields in each.entities for column in fields.values()}
        assert mapped <= returned, each.key
        assert set(found.tables) == set(each.tables), each.key


async def test_every_technique_is_one_of_a_tactic_of_its_template() -> None:
    for each in TEMPLATES:
        for technique in each.techniques:
            known = attack.techniques()[technique]
            assert set(known.tactics) & set(each.tactics), (each.key, technique)
            assert attack.parent_of(technique) in each.techniques, each.key


async def test_what_a_template_makes_is_a_rule_that_azure_takes() -> None:
    usual = {
        "enabled": True,
        "suppressionDuration": "PT5H",
        "suppressionEnabled": False,
    }
    made = [each.body for each in rule_templates.documents(CLOCK)]
    assert len(made) >= 60
    for each in made:
        if each["kind"] in ("Scheduled", "NRT"):
            check(each["kind"], {**each["properties"], **usual})


async def test_the_rules_of_the_scenario_are_such_as_azure_takes() -> None:
    for each in rule_documents.documents(CLOCK):
        if each.kind == "alertRules":
            check(each.body["kind"], each.body["properties"])


async def test_a_rule_names_a_template_that_there_is_and_some_of_them_are_newer() -> None:
    templates = {each.name: each.body["properties"] for each in rule_templates.documents(CLOCK)}
    rules = [each for each in rule_documents.documents(CLOCK) if each.kind == "alertRules"]
    versions = [
        (stated["templateVersion"], templates[stated["alertRuleTemplateName"]]["version"])
        for each in rules
        if "templateVersion" in (stated := each.body["properties"])
    ]

    named = {each.body["properties"]["alertRuleTemplateName"] for each in rules} - {None}
    assert named <= templates.keys()
    assert len(versions) == len(rule_templates.ORIGINS)
    assert 0 < sum(used != current for used, current in versions) < len(versions)
