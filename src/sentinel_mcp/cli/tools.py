"""`tools`: the tools that a client is shown, and what each costs of its context."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict, dataclass

from sentinel_mcp.cli import output
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.cli.parser import choice_of
from sentinel_mcp.settings import Settings, load


@dataclass(frozen=True, slots=True)
class Listed:
    """A tool as the command shows it."""

    name: str
    toolsets: list[str]
    read_only: bool
    size_bytes: int
    description: str


def run(arguments: argparse.Namespace) -> int:
    """List them in the order of the server; nothing is connected."""
    settings = load(allow_writes=arguments.allow_writes or None)
    prepare_logging(settings.log_level)
    tools = asyncio.run(_listed(settings, arguments))
    if arguments.json:
        for tool in tools:
            output.json_line(asdict(tool))
        return 0
    output.table(
        ("tool", "toolsets", "effect", "bytes", "what it does"),
        [
            (
                tool.name,
                ", ".join(tool.toolsets),
                "reads" if tool.read_only else "changes",
                tool.size_bytes,
                tool.description,
            )
            for tool in tools
        ],
    )
    total = sum(tool.size_bytes for tool in tools)
    output.line(f"{len(tools)} tools, {total:,} bytes", style="quiet")
    return 0


async def _listed(settings: Settings, arguments: argparse.Namespace) -> list[Listed]:
    from fastmcp import Client

    from sentinel_mcp.cli.session import opened_server

    choice = choice_of(arguments, writes=settings.allow_writes)
    async with opened_server(settings, choice) as server:
        tags = {tool.name: sorted(tool.tags) for tool in await server.list_tools()}
        async with Client(server) as client:
            tools = await client.list_tools()
    return [
        Listed(
            name=tool.name,
            toolsets=tags[tool.name],
            read_only=bool(tool.annotations and tool.annotations.read_only_hint),
            # As on the wire: what is not set is not sent.
            size_bytes=len(tool.model_dump_json(by_alias=True, exclude_none=True).encode()),
            description=(tool.description or "").partition("\n")[0],
        )
        for tool in tools
    ]
