"""Rules through the front door: the whole server on the embedded workspace and its scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

from moment import MOMENT
from sentinel_mcp.cli.session import opened_server
from sentinel_mcp.domains import attack
from sentinel_mcp.domains.changes import ChangeReport
from sentinel_mcp.domains.rules.coverage_models import MitreCoverage
from sentinel_mcp.domains.rules.health_models import RuleHealthListing
from sentinel_mcp.domains.rules.models import (
    RuleDetail,
    RuleListing,
    TemplateDetail,
    TemplateListing,
)
from sentinel_mcp.local.scenario.cases import cases
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.rule_templates import ORIGINS, documents
from sentinel_mcp.local.scenario.rules.all import rule, rules
from sentinel_mcp.local.scenario.story.operators import alerts as unattended
from sentinel_mcp.local.store import Store
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def writer(own_cache_dir: Path) -> AsyncGenerator[Connected]:
    """Connect to a server that may write, on a workspace of its own."""
    settings = Settings(
        cache_dir=own_cache_dir, now=MOMENT, allow_writes=True, validation_timeout_s=60
    )
    async with opened_server(settings) as server, Client(server) as connected:
        yield connected


async def call(client: Connected, tool: str, **arguments: Any) -> Any:
    return (await client.call_tool(tool, arguments)).structured_content


async def error_of(client: Connected, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


@pytest.fixture(scope="module")
def clock(cache_dir: Path) -> Clock:
    with Store.open(cache_dir / "local", now=MOMENT) as store:
        return Clock(store.anchor)


async def test_all_rules_of_the_scenario_are_listed(client: Connected) -> None:
    listing = RuleListing.model_validate(await call(client, "list_rules", limit=200))

    assert {each.title for each in listing.rules} == {each.name for each in rules()}
    assert [each.title for each in listing.rules if not each.enabled] == [
        "Consent to an application with access to mail",
        "Session used by a scripted client",
    ]


async def test_filters_find_rules_of_the_scenario(client: Connected) -> None:
    found = RuleListing.model_validate(
        await call(client, "list_rules", tactic="Exfiltration", technique="T1041", enabled=True)
    )

    assert [each.title for each in found.rules] == [rule("large-upload").name]


async def test_a_rule_of_the_scenario_is_told_whole(client: Connected) -> None:
    found = RuleDetail.model_validate(
        await call(client, "get_rule", rule=rule("password-spray").id)
    )

    assert found.query == rule("password-spray").query
    assert {each.logic_app for each in found.playbooks} == {
        "Notify-SOC-Channel",
        "Block-Address-At-Firewall",
    }
    assert found.from_template
    assert (found.from_template.used_version, found.from_template.newer) == ("1.1.0", "yes")
    assert found.missing == []


async def test_sixty_templates_come_in_pages_and_those_in_use_can_be_left_out(
    client: Connected, clock: Clock
) -> None:
    names = {each.name for each in documents(clock)}
    first = TemplateListing.model_validate(await call(client, "list_rule_templates", limit=40))
    second = TemplateListing.model_validate(
        await call(client, "list_rule_templates", limit=40, cursor=first.next_cursor)
    )
    unused = TemplateListing.model_validate(
        await call(client, "list_rule_templates", unused=True, limit=200)
    )

    assert {each.name for each in [*first.templates, *second.templates]} == names
    assert first.total_count == len(names) >= 60
    used = {origin.template for origin in ORIGINS.values()}
    assert not used & {each.name for each in unused.templates}
    # Besides the rules with a query, Fusion and two of other products are from templates.
    assert unused.total_count == len(names) - len(used) - 3


async def test_a_template_of_the_scenario_is_told_with_its_query(client: Connected) -> None:
    listing = TemplateListing.model_validate(
        await call(client, "list_rule_templates", technique="T1558.003")
    )
    (summary,) = listing.templates
    found = TemplateDetail.model_validate(
        await call(client, "get_rule_template", template=summary.name)
    )

    assert found.query
    assert found.query.startswith("SecurityEvent")
    assert found.techniques == ["T1558", "T1558.003"]


async def test_coverage_is_what_an_independent_count_of_the_scenario_gives(
    client: Connected, clock: Clock
) -> None:
    coverage = MitreCoverage.model_validate(await call(client, "get_mitre_coverage"))

    tactics: dict[str, Counter[str]] = {
        "enabled": Counter(tactic for each in rules() if each.enabled for tactic in each.tactics),
        "disabled": Counter(
            tactic for each in rules() if not each.enabled for tactic in each.tactics
        ),
        "templates": Counter(
            tactic
            for each in documents(clock)
            for tactic in each.body["properties"].get("tactics", [])
        ),
    }
    assert {
        each.tactic: (each.enabled_rules, each.disabled_rules, each.templates)
        for each in coverage.tactics
    } == {
        tactic: tuple(tactics[kind][tactic] for kind in ("enabled", "disabled", "templates"))
        for tactic in attack.TACTICS
    }
    enabled = Counter(
        technique for each in rules() if each.enabled for technique in set(each.techniques)
    )
    assert {
        each.technique: each.enabled_rules for each in coverage.techniques if each.enabled_rules
    } == dict(enabled)
    without = [tactic for tactic in attack.TACTICS if not tactics["enabled"][tactic]]
    assert [each.tactic for each in coverage.tactic_gaps] == without
    assert without
    assert coverage.untagged_rules == sum(not each.tactics for each in rules() if each.enabled)
    assert coverage.unknown_tags == []


async def test_hunting_queries_are_counted_as_the_saved_searches_are_tagged(
    client: Connected, cache_dir: Path
) -> None:
    coverage = MitreCoverage.model_validate(await call(client, "get_mitre_coverage"))
    with Store.open(cache_dir / "local", now=MOMENT) as store:
        searches = store.documents.list("savedSearches")

    counted: Counter[str] = Counter()
    hunting = 0
    for each in searches:
        properties = each["properties"]
        if properties["category"] != "Hunting Queries":
            continue
        hunting += 1
        tags = {tag["name"]: tag["value"] for tag in properties.get("tags", [])}
        counted.update(filter(None, tags.get("tactics", "").replace(" ", "").split(",")))
    assert coverage.totals.hunting_queries == hunting > 0
    assert {
        each.tactic: each.hunting_queries for each in coverage.tactics if each.hunting_queries
    } == dict(counted)


async def test_every_template_of_a_gap_names_its_technique_and_no_enabled_rule_does(
    client: Connected, clock: Clock
) -> None:
    coverage = MitreCoverage.model_validate(
        await call(client, "get_mitre_coverage", tactic="Impact")
    )
    tagged = {
        each.name: {
            *each.body["properties"].get("techniques", []),
            *each.body["properties"].get("subTechniques", []),
        }
        for each in documents(clock)
    }
    enabled = {technique for each in rules() if each.enabled for technique in each.techniques}

    assert any(gap.templates for gap in coverage.gaps)
    for gap in coverage.gaps:
        assert gap.technique not in enabled
        for each in gap.templates:
            assert gap.technique in {technique[:5] for technique in tagged[each.name]}


async def test_health_tells_the_rule_that_fails_and_why(client: Connected) -> None:
    listing = RuleHealthListing.model_validate(
        await call(client, "get_rule_health", days=14, limit=200)
    )

    assert (listing.monitoring, listing.total_count, listing.missing) == ("on", 25, [])
    (failing,) = [each for each in listing.rules if each.state == "failing"]
    assert failing.title == rule("ti-match").name
    assert failing.failed_runs
    assert failing.failed_runs >= 9
    assert "too many resources" in failing.failures[0].reason
    assert failing.mean_delay_s
    assert 300 <= failing.mean_delay_s <= 340
    assert {each.title for each in listing.rules if each.state == "disabled"} == {
        rule("rogue-consent").name,
        rule("token-replay").name,
    }


async def test_alerts_of_each_rule_are_those_of_the_scenarios_cases(
    client: Connected, clock: Clock
) -> None:
    listing = RuleHealthListing.model_validate(
        await call(client, "get_rule_health", days=30, limit=200)
    )
    alerts = [*(each for case in cases(clock) for each in case.alerts), *unattended(clock)]
    raised = Counter(each.rule_id for each in alerts if each.rule_id)

    for each in listing.rules:
        if each.kind == "MicrosoftSecurityIncidentCreation":
            assert each.alerts is None
        else:
            assert each.alerts == raised[each.name], each.title
    assert {each.title for each in listing.rules if each.never_fired} == {
        each.name for each in rules() if each.enabled and not raised[each.id] and not each.product
    }


async def test_the_failing_rule_was_changed_shortly_before_it_failed(client: Connected) -> None:
    listing = RuleHealthListing.model_validate(
        await call(client, "get_rule_health", rule=rule("ti-match").id, days=14)
    )

    (found,) = listing.rules
    (change,) = found.changes
    assert (change.operation, change.by) == ("Write", "hana.kovacs@northwind.example")


async def test_a_rule_from_a_template_closes_a_gap_and_deleting_it_opens_it_again(
    writer: Connected,
) -> None:
    before = MitreCoverage.model_validate(
        await call(writer, "get_mitre_coverage", tactic="Reconnaissance")
    )
    gap = next(each for each in before.gaps if each.templates)
    created = ChangeReport.model_validate(
        await call(writer, "create_rule", template=gap.templates[0].name, confirm=True)
    )
    during = MitreCoverage.model_validate(
        await call(writer, "get_mitre_coverage", tactic="Reconnaissance")
    )
    unused = TemplateListing.model_validate(
        await call(writer, "list_rule_templates", unused=True, limit=200)
    )
    await call(writer, "delete_rule", rule=created.name, confirm=True)
    after = MitreCoverage.model_validate(
        await call(writer, "get_mitre_coverage", tactic="Reconnaissance")
    )

    assert gap.technique not in {each.technique for each in during.gaps}
    assert gap.templates[0].name not in {each.name for each in unused.templates}
    assert after.gaps == before.gaps


async def test_a_rule_is_tuned_switched_off_and_read_back(writer: Connected) -> None:
    target = rule("failed-signins").id
    await call(
        writer,
        "update_rule",
        rule=target,
        threshold=3,
        severity="Medium",
        group_by=["Account"],
        confirm=True,
    )
    await call(writer, "set_rule_enabled", rule=target, enabled=False, confirm=True)
    found = RuleDetail.model_validate(await call(writer, "get_rule", rule=target))
    health = RuleHealthListing.model_validate(await call(writer, "get_rule_health", rule=target))

    assert (found.enabled, found.severity, found.trigger) == (False, "Medium", "GreaterThan 3")
    assert found.incidents
    assert found.incidents.by_entities == ["Account"]
    assert found.query == rule("failed-signins").query
    assert [each.operation for each in health.rules[0].changes] == ["Write", "Write"]


async def test_a_query_that_does_not_bind_is_refused_as_azure_refuses_it(
    writer: Connected,
) -> None:
    error = await error_of(
        writer, "create_rule", title="Broken", query="SigninLogs | where Nope > 1", confirm=True
    )
    listing = RuleListing.model_validate(await call(writer, "list_rules", text="Broken"))

    assert error["code"] == "invalid_input"
    assert "Nope" in error["message"]
    assert listing.total_count == 0


async def test_a_change_made_meanwhile_is_not_written_over(writer: Connected) -> None:
    target = rule("dns-tunnel").id
    seen = RuleDetail.model_validate(await call(writer, "get_rule", rule=target))
    await call(writer, "update_rule", rule=target, severity="High", confirm=True)
    error = await error_of(
        writer, "update_rule", rule=target, severity="Low", etag=seen.etag, confirm=True
    )

    assert error["code"] == "conflict"


async def test_fusion_is_switched_off_and_on_again(writer: Connected) -> None:
    off = ChangeReport.model_validate(
        await call(writer, "set_rule_enabled", rule="BuiltInFusion", enabled=False, confirm=True)
    )
    found = RuleDetail.model_validate(await call(writer, "get_rule", rule="BuiltInFusion"))
    await call(writer, "set_rule_enabled", rule="BuiltInFusion", enabled=True, confirm=True)

    assert [(each.field, each.after) for each in off.changes] == [("enabled", "false")]
    assert (found.enabled, found.title) == (False, rule("fusion").name)
    assert found.tactics == list(rule("fusion").tactics)


async def test_the_server_that_only_reads_has_no_tool_that_writes_rules(client: Connected) -> None:
    error = await error_of(client, "delete_rule", rule="BuiltInFusion", confirm=True)

    assert error["code"] == "read_only"
