"""Every query that the project shows to anybody is a valid one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastmcp import Client, FastMCP
from mcp.types import TextContent

from sentinel_mcp.cli import hunts
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.prompts.provider import prompts

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^[ \t]*```kql\n(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)
PLACE = "{{"


def texts() -> Iterator[Path]:
    """Yield every Markdown file that ships or is read."""
    yield from sorted(ROOT.glob("*.md"))
    yield from sorted((ROOT / "docs").rglob("*.md"))
    yield from sorted((ROOT / "src").rglob("*.md"))


WITH_QUERIES = [path for path in texts() if BLOCK.search(path.read_text(encoding="utf-8"))]

PROMPTS = {
    "investigate_incident": {"incident": "42"},
    "build_query": {"question": "Who failed to sign in?"},
    "visualize_workspace": {"days": "14"},
}


async def problems(checker: Checker, text: str) -> list[str]:
    """Return what is wrong with the queries in a text, each with its line there."""
    catalog = bundled("sentinel")
    found: list[str] = []
    for block in BLOCK.finditer(text):
        check = await checker.check(block[1], catalog)
        first = text[: block.start(1)].count("\n")
        found += [f"line {first + each.line}: {each.message}" for each in check.errors]
        found += [f"line {first + each.line}: refused: {each.reason}" for each in check.refusals]
    return found


def test_there_are_queries_to_check() -> None:
    names = {path.name for path in WITH_QUERIES}

    assert {"reference.md", "operators.md", "password-spray.md"} <= names
    assert len(names) >= 12


@pytest.mark.asyncio(loop_scope="session")
async def test_every_query_in_a_text_is_valid(checker: Checker) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): await problems(checker, path.read_text(encoding="utf-8"))
        for path in WITH_QUERIES
        # A text with places is checked below, as the prompt that it becomes.
        if PLACE not in path.read_text(encoding="utf-8")
    }

    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.asyncio(loop_scope="session")
async def test_every_query_in_a_prompt_is_valid(checker: Checker) -> None:
    async with Client(FastMCP("prompts", providers=[prompts])) as client:
        for name, arguments in PROMPTS.items():
            content = (await client.get_prompt(name, arguments)).messages[0].content
            assert isinstance(content, TextContent)
            assert BLOCK.search(content.text), name
            assert await problems(checker, content.text) == [], name


@pytest.mark.asyncio(loop_scope="session")
async def test_every_query_of_the_demo_is_valid_whatever_it_asks_for(checker: Checker) -> None:
    odd = ['a"b', "c\\d", "é'"]
    now = datetime.now(UTC)
    queries = [
        hunts.sign_ins_of(odd),
        hunts.sign_ins_from(odd),
        hunts.services_on(odd, now),
        hunts.processes_on(odd, now),
    ]

    assert [await problems(checker, f"```kql\n{query}\n```") for query in queries] == [[]] * 4
