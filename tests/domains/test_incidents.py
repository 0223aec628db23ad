"""The incident tools as a client calls them: what they take, refuse and hand on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from mcp.types import TextContent
from tests.connecting import connect

from sentinel_mcp.domains.incidents.filters import IncidentFilter
from sentinel_mcp.domains.incidents.models import (
    Incident,
    IncidentDetail,
    IncidentDossier,
    SectionName,
    SecurityIncidentListing,
)
from sentinel_mcp.domains.incidents.service import Incidents
from sentinel_mcp.errors import AccessDenied, NotFound

PHISH = Incident(
    workspace="soc",
    number=7,
    id="73e01a99-5cd7-4139-a149-9f2736ff2ab5",
    title="Phishing",
    severity="High",
    status="New",
    owner=None,
    labels=["mail"],
    tactics=["InitialAccess"],
    created=datetime(2026, 11, 20, 8, tzinfo=UTC),
    modified=datetime(2026, 11, 20, 9, tzinfo=UTC),
    alerts_count=2,
    url=None,
)
SCAN = PHISH.model_copy(update={"number": 8, "title": "Port scan", "severity": "Low"})


class Shelf:
    """Incidents held in memory; raises `refusal` instead, when there is one."""

    def __init__(self, *held: Incident, refusal: Exception | None = None) -> None:
        self.held = held
        self.refusal = refusal
        self.asked: list[dict[str, object]] = []

    async def page(
        self, wanted: IncidentFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> SecurityIncidentListing:
        self.asked.append({"wanted": wanted, "cursor": cursor, "workspace": workspace})
        if self.refusal:
            raise self.refusal
        kept = [
            each for each in self.held if each.severity in (wanted.severities or ("High", "Low"))
        ]
        return SecurityIncidentListing(
            incidents=kept[:limit], total_count=len(kept), skip_token=None, workspaces=[]
        )

    async def dossier(
        self, incident: int | str, *, include: Sequence[SectionName], workspace: str | None
    ) -> IncidentDossier:
        self.asked.append({"incident": incident, "include": tuple(include)})
        if self.refusal:
            raise self.refusal
        found = next(each for each in self.held if incident in (each.number, each.id))
        return IncidentDossier(workspace="soc", incident=IncidentDetail(**found.model_dump()))


async def test_severities_keep_only_matching_incidents() -> None:
    async with connect({Incidents: Shelf(PHISH, SCAN)}) as client:
        answer = await client.call_tool("list_incidents", {"severities": ["High"]})

    page = SecurityIncidentListing.model_validate(answer.structured_content)
    assert page.incidents == [PHISH]


async def test_every_answer_says_that_its_texts_are_not_to_be_trusted() -> None:
    async with connect({Incidents: Shelf(PHISH)}) as client:
        page = await client.call_tool("list_incidents")
        dossier = await client.call_tool("get_incident", {"incident": 7})

    for answer in (page, dossier):
        assert answer.structured_content
        assert next(iter(answer.structured_content)) == "untrusted"
        assert "no instructions" in answer.structured_content["untrusted"]


async def test_a_refusal_names_the_role_that_is_missing() -> None:
    refusal = AccessDenied(
        "Azure refused to list incidents.", hint="Grant `Microsoft Sentinel Reader`."
    )

    async with connect({Incidents: Shelf(refusal=refusal)}) as client:
        answer = await client.call_tool("list_incidents", raise_on_error=False)

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"] == refusal.as_dict()
    assert answer.content == [TextContent(text=str(refusal))]


@pytest.mark.parametrize(
    "arguments",
    [
        {"severities": ["High' or 1==1 //"]},
        {"severities": ["High", "Critical"]},
        {"statuses": ["Open"]},
        {"tactics": ["Phishing"]},
        {"order_by": "properties/createdTimeUtc desc; drop"},
        {"limit": 201},
        {"limit": 0},
        {"limit": "5 | union (SigninLogs | take 1000)"},
        {"created_after": "banana"},
        {"created_after": "1700000000"},
        {"created_after": 1700000000},
        {"modified_after": "2026-02-30"},
        {"modified_after": "0001-01-01T00:00:00+05:00"},
        {"created_before": "7 days ago"},
        {"title_contains": ""},
        {"severity": "High"},
        {"labels": "mail"},
    ],
)
async def test_an_argument_that_is_wrong_is_told_and_reaches_no_service(
    arguments: dict[str, Any],
) -> None:
    shelf = Shelf(PHISH)

    async with connect({Incidents: shelf}) as client:
        answer = await client.call_tool("list_incidents", arguments, raise_on_error=False)
        alive = await client.call_tool("list_incidents")

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "invalid_input"
    assert next(iter(arguments)) in answer.meta["error"]["message"]
    assert len(shelf.asked) == 1
    assert not alive.is_error


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("2026-11-20T08:30:00Z", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ("2026-11-20T10:30:00+02:00", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ("2026-11-20T08:30:00", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
    ],
)
async def test_a_time_is_taken_in_utc_unless_it_says_otherwise(
    stated: str, meant: datetime
) -> None:
    shelf = Shelf(PHISH)

    async with connect({Incidents: shelf}) as client:
        await client.call_tool("list_incidents", {"created_after": stated})

    assert shelf.asked[0]["wanted"] == IncidentFilter(created_after=meant)


async def test_a_wrong_time_is_told_with_an_example_of_a_right_one() -> None:
    async with connect({Incidents: Shelf(PHISH)}) as client:
        answer = await client.call_tool(
            "list_incidents", {"created_after": "banana"}, raise_on_error=False
        )

    assert answer.content == [
        TextContent(
            text="Argument 'created_after': give an ISO 8601 time, such as 2026-11-21T08:00:00Z."
        )
    ]


async def test_times_that_exclude_each_other_are_refused() -> None:
    async with connect({Incidents: Shelf(PHISH)}) as client:
        answer = await client.call_tool(
            "list_incidents",
            {"created_after": "2026-11-21", "created_before": "2026-11-20"},
            raise_on_error=False,
        )

    assert answer.is_error
    assert "later than" in str(answer.content)


async def test_an_incident_is_read_with_every_section_unless_told_otherwise() -> None:
    shelf = Shelf(PHISH)

    async with connect({Incidents: shelf}) as client:
        await client.call_tool("get_incident", {"incident": 7})
        await client.call_tool("get_incident", {"incident": PHISH.id, "include": ["alerts"]})
        await client.call_tool("get_incident", {"incident": 7, "include": []})

    assert [each["include"] for each in shelf.asked] == [
        ("alerts", "entities", "comments", "tasks", "bookmarks", "relations", "rule"),
        ("alerts",),
        (),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"incident": None},
        {"incident": -1},
        {"incident": 10**30},
        {"incident": True},
        {"incident": 1.5},
        {"incident": ""},
        {"incident": "x" * 1_000_000},
        {"incident": 7, "include": ["everything"]},
    ],
)
async def test_an_incident_is_not_read_with_wrong_arguments(arguments: dict[str, Any]) -> None:
    shelf = Shelf(PHISH)

    async with connect({Incidents: shelf}) as client:
        answer = await client.call_tool("get_incident", arguments, raise_on_error=False)

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "invalid_input"
    assert shelf.asked == []


async def test_an_incident_that_does_not_exist_is_an_error_that_says_how_to_find_one() -> None:
    missing = NotFound("There is no incident 99.", hint="`list_incidents` shows the numbers.")

    async with connect({Incidents: Shelf(refusal=missing)}) as client:
        answer = await client.call_tool("get_incident", {"incident": 99}, raise_on_error=False)

    assert answer.is_error
    assert answer.meta
    assert answer.meta["error"]["code"] == "not_found"
    assert "list_incidents" in answer.meta["error"]["hint"]
