"""Which tools a server shows: chosen at the start, by toolset or by name."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from fastmcp import FastMCP

from sentinel_mcp.effects import WRITES
from sentinel_mcp.errors import ConfigError

ALL = "all"
"""The toolset of everything."""

CORE = "core"
"""The toolset of everyday work; what a server shows unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user wants to see; without toolsets and tools, `core`.

    Tools that change the workspace are shown only with `writes`.
    """

    toolsets: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    exclude_tools: tuple[str, ...] = ()
    writes: bool = False
    discover: bool = False
    """Show three tools that find and call the others, which are all unless chosen."""


async def choose(server: FastMCP, choice: Choice) -> None:
    """Hide every tool that `choice` leaves out.

    Raises:
        ConfigError: a toolset or a tool of that name does not exist; lists those that do.

    """
    tools = await server.list_tools()
    names = {tool.name for tool in tools}
    toolsets = {tag for tool in tools for tag in tool.tags} - {WRITES} | {ALL}
    _known("toolset", choice.toolsets, toolsets)
    _known("tool", (*choice.tools, *choice.exclude_tools), names)
    wanted = set(choice.toolsets) or _unless_told(choice)
    shown = {
        tool.name
        for tool in tools
        if (ALL in wanted or tool.tags & wanted or tool.name in choice.tools)
        and (choice.writes or WRITES not in tool.tags)
    }
    hidden = (names - shown) | set(choice.exclude_tools)
    if hidden:
        server.disable(names=hidden, components={"tool"})
    if choice.discover:
        from sentinel_mcp.discovery import Discovery  # brings the search, which few servers need

        server.add_transform(Discovery())


def _unless_told(choice: Choice) -> set[str]:
    if choice.tools:
        return set()
    return {ALL} if choice.discover else {CORE}


def _known(kind: str, asked: Iterable[str], existing: Collection[str]) -> None:
    for name in asked:
        if name not in existing:
            near = difflib.get_close_matches(name, existing, n=1)
            raise ConfigError(
                f"There is no {kind} {name!r}.",
                hint=(f"Did you mean {near[0]!r}? " if near else "")
                + f"There are: {', '.join(sorted(existing))}.",
            )
