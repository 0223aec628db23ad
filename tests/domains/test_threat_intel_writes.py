"""Indicators created, tagged and deleted, by the real service over a scripted Azure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.rest import HttpRequest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.scripted import Reply, Route, ScriptedAzure, refusal, served

from sentinel_mcp.domains.changes import ChangeReport
from sentinel_mcp.settings import Settings

WRITING = Settings(allow_writes=True)
BASE = "threatIntelligence/main"
ONE = f"{BASE}/indicators/i1"
URL = "https://evil.example/x"
CREATE: dict[str, Any] = {"value": "hxxps://evil[.]example/x", "confidence": 80}


class Shelf:
    """Holds indicators as the service does: names them itself, checks etags.

    `lost` answers are lost after the write has happened, `late` ones are not to be found at once.
    """

    def __init__(self, *, lost: bool = False, late: bool = False) -> None:
        self.held: list[dict[str, Any]] = []
        self._lost = lost
        self._late = late

    @property
    def routes(self) -> dict[str, Route]:
        return {
            f"POST {BASE}/queryIndicators": self._query,
            f"POST {BASE}/createIndicator": self._create,
            f"GET {ONE}": self._get,
            f"POST {ONE}/appendTags": self._append,
            f"POST {ONE}/replaceTags": self._replace,
            f"DELETE {ONE}": self._delete,
        }

    def put(self, **properties: Any) -> dict[str, Any]:
        number = len(self.held) + 1
        document = {
            "name": f"i{number}",
            "etag": f'"{number}"',
            "kind": "indicator",
            "properties": {
                "pattern": f"[url:value = '{URL}']",
                "patternType": "url",
                "source": "Microsoft Sentinel",
                "revoked": False,
                **properties,
            },
        }
        self.held.append(document)
        return document

    def _query(self, request: HttpRequest) -> Reply:
        return Reply({"value": [] if self._late else self.held})

    def _create(self, request: HttpRequest) -> Reply:
        document = self.put(**json.loads(request.content)["properties"])
        return self._answer(document, 201)

    def _get(self, request: HttpRequest) -> Reply:
        return Reply(self.held[0]) if self.held else refusal(404, "NotFound")

    def _append(self, request: HttpRequest) -> Reply:
        tags = self.held[0]["properties"].setdefault("threatIntelligenceTags", [])
        tags += json.loads(request.content)["threatIntelligenceTags"]
        return self._answer({})

    def _replace(self, request: HttpRequest) -> Reply:
        body = json.loads(request.content)
        if body.get("etag") != self.held[0]["etag"]:
            return refusal(409, "Conflict", "The etag does not match.")
        self.held[0] = {
            **self.held[0],
            "etag": '"next"',
            "properties": {**self.held[0]["properties"], **body["properties"]},
        }
        return self._answer(self.held[0])

    def _delete(self, request: HttpRequest) -> Reply:
        self.held.clear()
        return self._answer({})

    def _answer(self, document: dict[str, Any], status: int = 200) -> Reply:
        if self._lost:
            self._lost = False
            raise ServiceResponseError("connection reset")
        return Reply(document, status)


def written(azure: ScriptedAzure) -> list[str]:
    return [each for each in azure.sent if "queryIndicators" not in each and "GET" not in each]


async def changed(
    client: Client[FastMCPTransport], tool: str, arguments: dict[str, Any]
) -> ChangeReport:
    answer = await client.call_tool(tool, arguments)
    return ChangeReport.model_validate(answer.structured_content)


async def failed(
    client: Client[FastMCPTransport], tool: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments, raise_on_error=False)
    assert answer.is_error
    assert answer.meta
    return answer.meta["error"]


async def test_a_value_becomes_an_indicator_with_a_pattern_and_an_id_of_its_own() -> None:
    azure = ScriptedAzure(Shelf().routes)

    async with served(azure, settings=WRITING) as client:
        report = await changed(
            client,
            "create_indicator",
            {
                **CREATE,
                "title": "Kit",
                "threat_types": ["malicious-activity"],
                "tags": ["case 7"],
                "valid_from": "2026-01-01T00:00:00+01:00",
                "valid_until": "2027-01-01T00:00:00Z",
                "source": "SOC",
            },
        )

    sent = json.loads(azure.requests[-1].content)
    identifier = sent["properties"].pop("externalId")
    assert sent == {
        "kind": "indicator",
        "properties": {
            "source": "SOC",
            "displayName": "Kit",
            "threatTypes": ["malicious-activity"],
            "confidence": 80,
            "threatIntelligenceTags": ["case 7"],
            "pattern": f"[url:value = '{URL}']",
            "patternType": "url",
            "revoked": False,
            "validFrom": "2025-12-31T23:00:00.000000Z",
            "validUntil": "2027-01-01T00:00:00.000000Z",
        },
    }
    assert identifier.startswith("indicator--")
    assert (report.outcome, report.action, report.name) == ("done", "create", "i1")


async def test_a_pattern_is_sent_as_it_is_with_the_type_of_its_first_object() -> None:
    azure = ScriptedAzure(Shelf().routes)
    pattern = "[domain-name:value = 'evil.example' OR ipv4-addr:value = '192.0.2.1']"

    async with served(azure, settings=WRITING) as client:
        await changed(client, "create_indicator", {"pattern": pattern})

    properties = json.loads(azure.requests[-1].content)["properties"]
    assert (properties["pattern"], properties["patternType"]) == (pattern, "domain-name")
    assert properties["displayName"] == "evil.example"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "either `value` or `pattern`"),
        ({"value": URL, "pattern": "[url:value = 'x']"}, "either `value` or `pattern`"),
        ({"pattern": "[url:value = x]"}, "not valid at character 14"),
        ({"value": "evil.example", "value_type": "url"}, "not of type 'url'"),
        ({"pattern": "[url:value = 'x']", "value_type": "file"}, "of 'url', not of 'file'"),
        ({"value": URL, "valid_until": "2020-01-01T00:00:00Z"}, "ends before it begins"),
        ({"value": URL, "valid_from": "0001-01-01T00:00:00+14:00"}, "ISO 8601"),
        ({"value": "what?"}, "of kind account, of which no indicator can be made"),
        ({"value": "192.0.2.0/24"}, "of kind network"),
        ({"value": "http://"}, "cannot be a URL"),
    ],
)
async def test_what_makes_no_indicator_is_refused_unsent(
    arguments: dict[str, Any], reason: str
) -> None:
    azure = ScriptedAzure(Shelf().routes)

    async with served(azure, settings=WRITING) as client:
        error = await failed(client, "create_indicator", arguments)

    assert error["code"] == "invalid_input"
    assert reason in error["message"]
    assert azure.requests == []


async def test_the_same_indicator_again_makes_no_second_one() -> None:
    shelf = Shelf()
    azure = ScriptedAzure(shelf.routes)

    async with served(azure, settings=WRITING) as client:
        first = await changed(client, "create_indicator", CREATE)
        again = await changed(client, "create_indicator", CREATE)

    assert (first.outcome, again.outcome, again.name) == ("done", "unchanged", "i1")
    assert len(shelf.held) == 1


async def test_an_end_that_is_written_otherwise_is_still_the_same_end() -> None:
    shelf = Shelf()
    shelf.put(displayName=URL, validUntil="2999-01-01T00:00:00Z", validFrom="2020-01-01T00:00:00Z")

    async with served(ScriptedAzure(shelf.routes), settings=WRITING) as client:
        report = await changed(
            client, "create_indicator", {"value": URL, "valid_until": "2999-01-01T01:00:00+01:00"}
        )

    assert report.outcome == "unchanged"


async def test_another_indicator_of_that_source_for_that_pattern_is_a_conflict() -> None:
    shelf = Shelf()
    shelf.put(displayName="Theirs", confidence=10)
    azure = ScriptedAzure(shelf.routes)

    async with served(azure, settings=WRITING) as client:
        error = await failed(client, "create_indicator", CREATE)

    assert error["code"] == "conflict"
    assert "already, 'i1'" in error["message"]
    assert "confidence: 10, not 80" in error["message"]
    assert written(azure) == []


async def test_a_lost_answer_is_found_out_by_looking() -> None:
    shelf = Shelf(lost=True)

    async with served(ScriptedAzure(shelf.routes), settings=WRITING) as client:
        report = await changed(client, "create_indicator", CREATE)
        again = await changed(client, "create_indicator", CREATE)

    assert (report.outcome, again.outcome) == ("done", "unchanged")
    assert "answer was lost" in report.notices[0]
    assert len(shelf.held) == 1


async def test_a_lost_answer_of_what_cannot_be_seen_yet_is_not_said_to_be_unwritten() -> None:
    shelf = Shelf(lost=True, late=True)

    async with served(ScriptedAzure(shelf.routes), settings=WRITING) as client:
        error = await failed(client, "create_indicator", CREATE)

    assert error["code"] == "unavailable"
    assert "Whether it was written is not known" in error["message"]
    assert "Nothing was written" not in error["message"]


async def test_the_id_is_the_same_each_time_so_that_the_service_can_tell() -> None:
    shelf = Shelf(late=True)
    azure = ScriptedAzure(shelf.routes)

    async with served(azure, settings=WRITING) as client:
        await changed(client, "create_indicator", CREATE)
        await changed(client, "create_indicator", {**CREATE, "source": "Other"})
        await changed(client, "create_indicator", {**CREATE, "confidence": 1})

    first, other, again = (each["properties"]["externalId"] for each in shelf.held)
    assert first == again != other


async def test_tags_are_appended_by_azure_so_that_those_of_others_stay() -> None:
    shelf = Shelf()
    shelf.put(threatIntelligenceTags=["theirs"])
    azure = ScriptedAzure(shelf.routes)

    async with served(azure, settings=WRITING) as client:
        report = await changed(
            client, "tag_indicator", {"indicator": "i1", "tags": ["mine", "mine"]}
        )
        again = await changed(client, "tag_indicator", {"indicator": "i1", "tags": ["mine"]})

    assert [(each.before, each.after) for each in report.changes] == [("theirs", "theirs, mine")]
    assert again.outcome == "unchanged"
    assert written(azure) == [f"POST {ONE}/appendTags"]
    assert shelf.held[0]["properties"]["threatIntelligenceTags"] == ["theirs", "mine"]


async def test_tags_are_replaced_on_the_version_that_was_read() -> None:
    shelf = Shelf()
    shelf.put(threatIntelligenceTags=["old"])
    azure = ScriptedAzure(shelf.routes)

    async with served(azure, settings=WRITING) as client:
        report = await changed(
            client, "tag_indicator", {"indicator": "i1", "tags": ["new"], "mode": "replace"}
        )

    assert json.loads(azure.requests[-1].content) == {
        "etag": '"1"',
        "kind": "indicator",
        "properties": {"threatIntelligenceTags": ["new"]},
    }
    assert (report.outcome, report.etag) == ("done", '"next"')


async def test_tags_changed_by_somebody_meanwhile_are_told() -> None:
    shelf = Shelf()
    document = shelf.put(threatIntelligenceTags=["old"])

    def overtaken(request: HttpRequest) -> Reply:
        theirs = {**document["properties"], "threatIntelligenceTags": ["theirs"], "confidence": 9}
        shelf.held[0] = {**document, "etag": '"2"', "properties": theirs}
        return refusal(409, "Conflict", "The etag does not match.")

    azure = ScriptedAzure({**shelf.routes, f"POST {ONE}/replaceTags": overtaken})

    async with served(azure, settings=WRITING) as client:
        error = await failed(
            client, "tag_indicator", {"indicator": "i1", "tags": ["new"], "mode": "replace"}
        )

    assert error["code"] == "conflict"
    assert "confidence: nothing -> '9'" in error["message"]
    assert "threat_intelligence_tags: 'old' -> 'theirs'" in error["message"]


@pytest.mark.parametrize("mode", ["append", "replace"])
async def test_a_lost_answer_to_a_tag_makes_no_second_one(mode: str) -> None:
    shelf = Shelf(lost=True)
    shelf.put()
    tag = {"indicator": "i1", "tags": ["new"], "mode": mode}

    async with served(ScriptedAzure(shelf.routes), settings=WRITING) as client:
        report = await changed(client, "tag_indicator", tag)
        again = await changed(client, "tag_indicator", tag)

    assert (report.outcome, again.outcome) == ("done", "unchanged")
    assert shelf.held[0]["properties"]["threatIntelligenceTags"] == ["new"]


async def test_an_indicator_is_deleted_once_the_user_agreed() -> None:
    shelf = Shelf()
    shelf.put()
    azure = ScriptedAzure(shelf.routes)

    async with served(azure, settings=WRITING) as client:
        asked = await failed(client, "delete_indicator", {"indicator": "i1"})
        report = await changed(client, "delete_indicator", {"indicator": "i1", "confirm": True})

    assert asked["code"] == "confirmation_needed"
    assert URL in asked["message"]
    assert report.outcome == "done"
    assert written(azure) == [f"DELETE {ONE}"]


async def test_an_indicator_that_is_another_version_than_was_seen_is_not_deleted() -> None:
    shelf = Shelf()
    shelf.put()
    azure = ScriptedAzure(shelf.routes)

    async with served(azure, settings=WRITING) as client:
        error = await failed(
            client, "delete_indicator", {"indicator": "i1", "etag": '"0"', "confirm": True}
        )

    assert error["code"] == "conflict"
    assert written(azure) == []


async def test_a_lost_answer_to_a_deletion_is_found_out_by_looking() -> None:
    shelf = Shelf(lost=True)
    shelf.put()
    azure = ScriptedAzure(shelf.routes)

    async with served(azure, settings=WRITING) as client:
        report = await changed(client, "delete_indicator", {"indicator": "i1", "confirm": True})

    assert report.outcome == "done"
    assert shelf.held == []


@pytest.mark.parametrize("tool", ["tag_indicator", "delete_indicator"])
async def test_what_does_not_exist_is_neither_tagged_nor_deleted(tool: str) -> None:
    arguments: dict[str, Any] = {"indicator": "i1"}
    if tool == "tag_indicator":
        arguments["tags"] = ["x"]

    async with served(ScriptedAzure(Shelf().routes), settings=WRITING) as client:
        error = await failed(client, tool, arguments)

    assert error["code"] == "not_found"


CHANGES = [
    ("create_indicator", CREATE),
    ("tag_indicator", {"indicator": "i1", "tags": ["new"]}),
    ("tag_indicator", {"indicator": "i1", "tags": ["new"], "mode": "replace"}),
    ("delete_indicator", {"indicator": "i1", "confirm": True}),
]


@pytest.mark.parametrize(("tool", "arguments"), CHANGES)
async def test_a_dry_run_shows_the_change_and_sends_none(
    tool: str, arguments: dict[str, Any]
) -> None:
    shelf = Shelf()
    if tool != "create_indicator":
        shelf.put(threatIntelligenceTags=["old"])
    azure = ScriptedAzure(shelf.routes)

    async with served(azure, settings=WRITING) as client:
        report = await changed(client, tool, {**arguments, "dry_run": True})

    assert report.outcome == "preview"
    assert report.changes
    assert written(azure) == []


@pytest.mark.parametrize(("tool", "arguments"), CHANGES)
async def test_read_only_nothing_is_sent(tool: str, arguments: dict[str, Any]) -> None:
    shelf = Shelf()
    if tool != "create_indicator":
        shelf.put(threatIntelligenceTags=["old"])
    azure = ScriptedAzure(shelf.routes)

    async with served(azure) as client:
        error = await failed(client, tool, arguments)

    assert error["code"] == "read_only"
    assert written(azure) == []


@pytest.mark.parametrize(("tool", "arguments"), CHANGES)
async def test_a_refused_write_names_the_role_that_is_missing(
    tool: str, arguments: dict[str, Any]
) -> None:
    shelf = Shelf()
    if tool != "create_indicator":
        shelf.put(threatIntelligenceTags=["old"])
    no = refusal(403, "AuthorizationFailed")
    refused = {
        f"POST {BASE}/createIndicator": no,
        f"POST {ONE}/appendTags": no,
        f"POST {ONE}/replaceTags": no,
        f"DELETE {ONE}": no,
    }

    async with served(ScriptedAzure({**shelf.routes, **refused}), settings=WRITING) as client:
        error = await failed(client, tool, arguments)

    role = "Responder" if tool == "tag_indicator" else "Contributor"
    assert error["code"] == "access_denied"
    assert f"`Microsoft Sentinel {role}`" in error["hint"]
