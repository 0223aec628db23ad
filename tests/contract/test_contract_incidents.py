"""Incidents, held against Azure's own samples and models: what is read, what is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure_models import REFERENCE, Models, json_type, members_of
from tests.domains.incident_azure import NAME, PATH, IncidentAzure, incident
from tests.scripted import ScriptedAzure, sample, served

from sentinel_mcp.domains.incidents.change_models import IncidentChange
from sentinel_mcp.domains.incidents.models import IncidentDossier
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="Azure's samples are not beside the project"
)

WRITES = Settings(allow_writes=True)
MODELS = "securityinsight-2.0.0b4-models.txt"
LOGIC_APP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/isolate"


def asked_in(name: str, parameter: str) -> dict[str, Any]:
    """Return the body of an official sample's request."""
    path = REFERENCE / "examples" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["parameters"][parameter]


def unlike(sent: dict[str, Any], official: dict[str, Any], path: str = "") -> list[str]:
    """Return what is sent and is not in the sample, or is there of another type."""
    told: list[str] = []
    for key, value in sent.items():
        if key not in official:
            told.append(f"{path}.{key}: not in the sample")
        elif (inner := members_of(value)) is not None:
            told += unlike(inner, members_of(official[key]) or {}, f"{path}.{key}")
        elif json_type(value) != json_type(official[key]):
            told.append(f"{path}.{key}: {json_type(value)}, not {json_type(official[key])}")
    return told


async def sent_by(tool: str, azure: IncidentAzure, **arguments: Any) -> dict[str, Any]:
    """Return the body of the one write that a tool makes."""
    async with served(azure, settings=WRITES) as client:
        await client.call_tool(tool, arguments)
    assert len(azure.written) == 1
    return azure.body()


async def test_an_incident_is_written_with_the_fields_of_the_sample() -> None:
    official = asked_in("incidents/CreateIncident", "incident")
    mine = incident()
    for unknown in ("labels", "teamInformation", "somethingNew"):
        del mine["properties"][unknown]
    mine["properties"] |= {
        "lastActivityTimeUtc": "2026-11-20T07:00:00Z",
        "owner": {"objectId": "o"},
    }

    body = await sent_by(
        "update_incident",
        IncidentAzure(documents={PATH: mine}),
        incident=7,
        status="Closed",
        classification="FalsePositive",
        classification_reason="IncorrectAlertLogic",
        classification_comment="Not malicious.",
        owner="2046feea-040d-4a46-9e2b-91c2941bfa70",
        confirm=True,
    )

    assert unlike(body, official) == []
    assert body["properties"].keys() == official["properties"].keys()


async def test_whatever_is_written_of_an_incident_is_in_azures_model() -> None:
    body = await sent_by(
        "create_incident",
        IncidentAzure(),
        title="A",
        severity="Low",
        description="B",
        owner="ana@contoso.com",
        labels=["x"],
    )

    assert Models(MODELS).problems(body["properties"], "IncidentProperties") == []


@pytest.mark.parametrize(
    ("tool", "arguments", "name", "parameter"),
    [
        (
            "add_incident_comment",
            {"message": "Some message"},
            "incidentComments/CreateIncidentComment",
            "incidentComment",
        ),
        (
            "add_incident_task",
            {"title": "Task title", "description": "Task description"},
            "incidentTasks/IncidentTasks_CreateOrUpdate",
            "incidentTask",
        ),
        (
            "relate_to_incident",
            {"bookmark": "2216d0e1-91e3-4902-89fd-d2df8c535096"},
            "incidentRelations/CreateIncidentRelation",
            "relation",
        ),
    ],
)
async def test_what_is_added_is_written_as_the_sample_writes_it(
    tool: str, arguments: dict[str, Any], name: str, parameter: str
) -> None:
    body = await sent_by(tool, IncidentAzure(), incident=7, **arguments)

    official = asked_in(name, parameter)
    assert unlike(body, official) == []
    assert body.keys() == official.keys()
    assert body["properties"].keys() == official["properties"].keys()


async def test_a_playbook_is_asked_for_as_azures_model_has_it() -> None:
    body = await sent_by(
        "run_playbook",
        IncidentAzure(),
        incident=7,
        logic_app_id=LOGIC_APP,
        tenant_id="t",
        confirm=True,
    )

    assert Models(MODELS).problems(body, "ManualTriggerRequestBody") == []


@pytest.mark.parametrize(
    ("tool", "path", "answer", "arguments"),
    [
        ("update_incident", PATH, "incidents/CreateIncident", {"severity": "High"}),
        (
            "add_incident_comment",
            f"{PATH}/comments/c9",
            "incidentComments/CreateIncidentComment",
            {"message": "Some message", "comment_id": "c9"},
        ),
        (
            "add_incident_task",
            f"{PATH}/tasks/t9",
            "incidentTasks/IncidentTasks_CreateOrUpdate",
            {"title": "Task title", "task_id": "t9"},
        ),
    ],
)
async def test_the_samples_answer_to_a_write_is_read(
    tool: str, path: str, answer: str, arguments: dict[str, Any]
) -> None:
    official = sample(f"{answer}.json")
    azure = ScriptedAzure({"GET incidents": {"value": [incident()]}, f"PUT {path}": official})

    async with served(azure, settings=WRITES) as client:
        found = await client.call_tool(tool, {"incident": 7, **arguments})

    change = IncidentChange.model_validate(found.structured_content)
    assert (change.outcome, change.etag) == ("done", official["etag"])


async def test_the_samples_of_the_parts_make_a_timeline() -> None:
    azure = ScriptedAzure(
        {
            "GET incidents": {"value": [incident()]},
            f"POST {PATH}/alerts": sample("incidents/GetAllIncidentAlerts.json"),
            f"GET {PATH}/comments": sample("incidentComments/GetAllIncidentComments.json"),
            f"GET {PATH}/tasks": sample("incidentTasks/IncidentTasks_List.json"),
            f"POST {PATH}/bookmarks": sample("incidents/GetAllIncidentBookmarks.json"),
            "POST query": {"tables": []},
        }
    )

    async with served(azure) as client:
        answer = await client.call_tool("get_incident", {"incident": 7, "include": ["timeline"]})

    found = IncidentDossier.model_validate(answer.structured_content).timeline
    assert found
    assert found.error is None
    assert {each.kind for each in found.items} == {"alert", "comment", "task", "bookmark"}
    assert all(each.time for each in found.items)


async def test_the_samples_relations_are_found_related_already() -> None:
    official = sample("incidentRelations/GetAllIncidentRelations.json")
    azure = ScriptedAzure(
        {"GET incidents": {"value": [incident()]}, f"GET incidents/{NAME}/relations": official}
    )
    related = official["value"][1]["properties"]["relatedResourceName"]

    async with served(azure, settings=WRITES) as client:
        answer = await client.call_tool(
            "relate_to_incident", {"incident": 7, "alert": related}, raise_on_error=False
        )

    assert answer.is_error
    assert "already" in str(answer.content)
