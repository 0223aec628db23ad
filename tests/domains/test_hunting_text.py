"""What the text filter of hunting queries reads, against a search of our own in what is stored."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from importlib import resources
from typing import Any

import pytest
import pytest_asyncio
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.embedded import server_over
from tests.local.stores import built_store, copied

from moment import clock
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local.workspace import LocalWorkspace, open_local
from sentinel_mcp.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

Connected = Client[FastMCPTransport]
MANY_WORDS = 60


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def opened(
    tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncGenerator[tuple[LocalWorkspace, Connected]]:
    directory = copied(built_store(tmp_path_factory), tmp_path_factory.mktemp("text") / "store")
    async with (
        await open_local(directory, checker, clock=clock()) as workspace,
        Client(server_over(workspace, checker, Settings())) as client,
    ):
        yield workspace, client


def names_of_techniques() -> Mapping[str, str]:
    text = (resources.files("sentinel_mcp.domains") / "attack.tsv").read_text("utf-8")
    lines = [each.split("\t") for each in text.splitlines() if not each.startswith("#")]
    return {each[0]: each[1] for each in lines}


def stored_texts(workspace: LocalWorkspace) -> Mapping[str, str]:
    """Return all that is stored of each hunting query, in lower case, by its id."""
    techniques = names_of_techniques()
    found: dict[str, str] = {}
    for document in workspace.store.documents.list("savedSearches"):
        properties = document["properties"]
        if properties["category"] == "Hunting Queries":
            tags = {each["name"]: each["value"] for each in properties["tags"]}
            found[document["name"]] = "\n".join(
                [
                    *(properties["displayName"], properties["query"]),
                    *(tags.get(each, "") for each in ("description", "tactics", "techniques")),
                ]
            )
    for document in workspace.store.documents.list("contentTemplates"):
        properties = document["properties"]
        if properties["contentKind"] == "HuntingQuery":
            [resource] = properties["mainTemplate"]["resources"]
            found[document["name"]] = "\n".join(
                [
                    *(properties["displayName"], properties["packageName"]),
                    resource["properties"]["query"],
                    *properties["threatAnalysisTactics"],
                    *properties["threatAnalysisTechniques"],
                ]
            )
    for name, text in found.items():
        ids = re.findall(r"\bT\d{4}(?:\.\d{3})?\b", text)
        more = [techniques[part] for each in ids for part in (each, each[:5]) if part in techniques]
        found[name] = "\n".join([text, *more]).casefold()
    return found


async def listed(client: Connected, text: str) -> dict[str, Any]:
    answer = await client.call_tool("list_hunting_queries", {"text": text, "limit": 200})
    return answer.structured_content or {}


async def test_every_word_that_is_stored_of_a_hunting_query_finds_it(
    opened: tuple[LocalWorkspace, Connected],
) -> None:
    workspace, client = opened
    texts = stored_texts(workspace)
    words = sorted({each for text in texts.values() for each in re.findall(r"[a-z]\w{4,}", text)})
    assert len(texts) == 26
    assert len(words) > MANY_WORDS

    for word in words[:: len(words) // MANY_WORDS]:
        page = await listed(client, word.upper())

        expected = {name for name, text in texts.items() if word in text}
        # What the list shows of a template says more than is stored in one place.
        assert expected <= {each["id"] for each in page["queries"]}, word
        for each in page["queries"]:
            said = f"{texts[each['id']]} {each['description']} {each['tactics']}".casefold()
            assert word in said, (word, each["title"])
        assert page["warnings"] == []


@pytest.mark.parametrize(
    "text",
    ["t1110", "Brute Force", "brute force", "| summarize", "SigninLogs", "Credential Access"],
)
async def test_techniques_tactics_and_kql_are_read(
    opened: tuple[LocalWorkspace, Connected], text: str
) -> None:
    workspace, client = opened

    page = await listed(client, text)

    texts = stored_texts(workspace)
    spelt = {
        name: each.replace("credentialaccess", "credential access") for name, each in texts.items()
    }
    assert {each["id"] for each in page["queries"]} == {
        name for name, each in spelt.items() if text.casefold() in each
    }
    assert page["queries"]
