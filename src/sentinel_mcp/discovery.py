"""Three tools in the place of all: find one, read how it is called, call it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from fastmcp.dependencies import CurrentContext
from fastmcp.server.context import Context
from fastmcp.server.transforms import GetToolNext
from fastmcp.server.transforms.search import BM25SearchTransform
from fastmcp.tools import Tool, ToolResult
from fastmcp.utilities.versions import VersionSpec
from mcp.types import ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.effects import READS_SERVER, WRITES
from sentinel_mcp.errors import NotFound

MAX_FOUND = 8

_CALLS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)
"""The strongest of what may be called through it."""


class FoundTool(BaseModel):
    """A tool that may serve, in brief."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str
    toolsets: list[str]
    writes: bool


class FoundTools(BaseModel):
    """Tools, best match first."""

    model_config = ConfigDict(frozen=True)

    tools: list[FoundTool]
    total_count: Annotated[int, Field(description="Tools that there are in all.")]


class ToolManual(BaseModel):
    """How a tool is called and what it answers, as JSON schemas."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str
    input_schema: dict[str, Any]  # a JSON schema has a shape of its own
    output_schema: dict[str, Any] | None


class Discovery(BM25SearchTransform):
    """Shows `search_tools`, `describe_tool` and `call_tool`; these reach every other tool."""

    def __init__(self, toolsets: Iterable[str]) -> None:
        super().__init__(max_results=MAX_FOUND)
        self._toolsets = ", ".join(sorted(toolsets))
        own = (self._make_search_tool(), self._make_describe_tool(), self._make_call_tool())
        self._own = {tool.name: tool for tool in own}

    async def transform_tools(self, tools: Sequence[Tool]) -> Sequence[Tool]:
        """Show the three instead of what there is."""
        return list(self._own.values())

    async def get_tool(
        self, name: str, call_next: GetToolNext, *, version: VersionSpec | None = None
    ) -> Tool | None:
        """Return one of the three, or whatever else is asked for."""
        return self._own.get(name) or await call_next(name, version=version)

    def _make_search_tool(self) -> Tool:
        async def search_tools(
            query: Annotated[
                str, Field(min_length=1, max_length=200, description="What you want to do.")
            ],
            context: Context = CurrentContext(),  # noqa: B008 FastMCP's convention
        ) -> FoundTools:
            tools = await self.get_tool_catalog(context)
            found = await self._search(tools, query)
            return FoundTools(tools=[_brief(each) for each in found], total_count=len(tools))

        return Tool.from_function(
            search_tools,
            title="Find tools",
            description="Find tools of Microsoft Sentinel by what they do. Toolsets: "
            f"{self._toolsets}. Read a tool with `describe_tool`, then use it with `call_tool`.",
            annotations=READS_SERVER,
            timeout=30,
        )

    def _make_describe_tool(self) -> Tool:
        async def describe_tool(
            name: Annotated[str, Field(max_length=100, description="From `search_tools`.")],
            context: Context = CurrentContext(),  # noqa: B008 FastMCP's convention
        ) -> ToolManual:
            known = await self._known(name, context)
            # As it is called: the catalog has the short schemas of the list.
            tool = await context.fastmcp.get_tool(name) or known
            return ToolManual(
                name=tool.name,
                description=tool.description or "",
                input_schema=tool.parameters,
                output_schema=tool.output_schema,
            )

        return Tool.from_function(
            describe_tool,
            title="Describe a tool",
            description="Read a tool's arguments and the shape of its answer before you call it.",
            annotations=READS_SERVER,
            timeout=30,
        )

    def _make_call_tool(self) -> Tool:
        async def call_tool(
            name: Annotated[str, Field(max_length=100, description="From `search_tools`.")],
            arguments: Annotated[
                dict[str, Any], Field(description="As `describe_tool` has them.")
            ] = {},  # noqa: B006 only read
            context: Context = CurrentContext(),  # noqa: B008 FastMCP's convention
        ) -> ToolResult:
            await self._known(name, context)
            return await context.fastmcp.call_tool(name, arguments)

        return Tool.from_function(
            call_tool,
            title="Call a tool",
            description="Call a tool that `search_tools` found. Its answer comes as it is.",
            annotations=_CALLS,
            timeout=900,
        )

    async def _known(self, name: str, context: Context) -> Tool:
        tools = {tool.name: tool for tool in await self.get_tool_catalog(context)}
        if name in tools:
            return tools[name]
        near = difflib.get_close_matches(name, tools, n=1)
        raise NotFound(
            f"There is no tool {name!r}.",
            hint=(f"Did you mean {near[0]!r}? " if near else "")
            + "`search_tools` finds the tools there are.",
        )


def _brief(tool: Tool) -> FoundTool:
    return FoundTool(
        name=tool.name,
        description=(tool.description or "").partition("\n\n")[0],
        toolsets=sorted(tool.tags - {WRITES}),
        writes=WRITES in tool.tags,
    )
