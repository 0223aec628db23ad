"""The official samples of the entity operations, through our tools; and the bodies we send."""

from __future__ import annotations

import json
from typing import Any

from azure_models import REFERENCE, differences
from tests.scripted import ScriptedAzure, sample, served

from sentinel_mcp.domains.entities.models import DomainWhois, EntityTimeline, IpLocation

GEODATA = "enrichment/GetGeodataWithWorkspaceByIp.json"
WHOIS = "enrichment/GetWhoisWithWorkspaceByDomainName.json"
TIMELINE = "entities/PostTimelineEntity.json"
ENTITY = "e1d3d618-e11f-478b-98e3-bb381539a8e1"


def parameters(name: str) -> dict[str, Any]:
    """Return what an official sample is asked with."""
    text = (REFERENCE / "examples" / name).read_text(encoding="utf-8")
    return json.loads(text)["parameters"]


async def answered(route: str, name: str, tool: str, arguments: dict[str, Any]) -> tuple[Any, Any]:
    """Call a tool where Azure answers with a sample; return its answer and the body we sent."""
    azure = ScriptedAzure({f"POST {route}": sample(name)})
    async with served(azure) as client:
        answer = await client.call_tool(tool, arguments)
    return answer.structured_content, json.loads(str(azure.requests[0].content))


async def test_the_sample_of_a_location_is_read_whole() -> None:
    answer, sent = await answered(
        "enrichment/main/listGeodataByIp", GEODATA, "get_ip_location", {"ip": "1.2.3.4"}
    )

    assert sent == parameters(GEODATA)["ipAddressBody"]
    assert IpLocation.model_validate(answer) == IpLocation(
        workspace="soc",
        ip="1.2.3.4",
        country="united states",
        region="western usa",
        state="washington",
        city="Redmond",
        continent="north america",
        latitude=40.2436,
        longitude=-100.8891,
        asn="12345",
        carrier="Microsoft",
        organization="Microsoft",
        organization_type="tech",
        routing_type="fixed",
        confidence={"city": 90, "country": 99},
    )


async def test_the_sample_of_a_registration_is_read_with_its_contacts() -> None:
    answer, sent = await answered(
        "enrichment/main/listWhoisByDomain", WHOIS, "get_domain_whois", {"domain": "microsoft.com"}
    )

    assert sent == parameters(WHOIS)["domainBody"]
    found = DomainWhois.model_validate(answer)
    assert found.created
    assert (found.domain, found.created.year, found.expires) == ("microsoft.com", 2021, None)
    assert found.registrar["name"] == "MarkMonitor, Inc"
    assert len(found.name_servers) == 4
    assert len(found.statuses) == 6
    assert found.contacts.keys() == {"admin", "billing", "tech"}
    assert found.contacts["tech"]["street"] == "One Microsoft Way"


async def test_the_sample_of_a_timeline_is_read_with_its_kinds_and_errors() -> None:
    answer, sent = await answered(
        f"entities/{ENTITY}/getTimeline",
        TIMELINE,
        "get_entity_timeline",
        {"entity_id": ENTITY, "timespan": "2021-09-01/2021-10-01", "order": "oldest"},
    )

    asked = parameters(TIMELINE)["parameters"]
    assert differences(sent, asked) == []
    assert sent == {"startTime": "2021-09-01T00:00:00Z", "endTime": "2021-10-01T00:00:00Z"}
    found = EntityTimeline.model_validate(answer)
    assert [(each.source, each.action, each.result) for each in found.events] == [
        ("Activity", "The user has deleted an account", None),
        ("SecurityAlert", "Alert display name", "Medium"),
        ("Anomaly", "(Preview) Anomalous scanning activity", None),
    ]
    assert found.total_count == 6
    assert found.events[2].properties["techniques"] == "T1046"
    assert [(each.part, each.error.message) for each in found.missing] == [
        ("Activity 11067f9f-d6a7-4488-887f-0ba564268879", "syntax error"),
        ("SecurityAlert", "internal server error"),
    ]
