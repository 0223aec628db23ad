"""The tools of one area: what every tool must state, kept until a server shows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import get_annotations
from typing import Any, ParamSpec, TypeVar

from fastmcp.server.providers import LocalProvider
from fastmcp.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import BaseModel

from sentinel_mcp.outlines import outline

P = ParamSpec("P")
Answer = TypeVar("Answer", bound=BaseModel)
Function = Callable[P, Awaitable[Answer]]


@dataclass(frozen=True)
class _Entry:
    """A tool that is made when the first server shows it: that takes a millisecond each."""

    function: Callable[..., Awaitable[Any]]  # of whatever arguments a tool has
    answer: type[BaseModel]
    title: str
    effects: ToolAnnotations
    tags: frozenset[str]
    timeout: float

    @cached_property
    def tool(self) -> Tool:
        return Tool.from_function(
            self.function,
            title=self.title,
            annotations=self.effects,
            tags=set(self.tags),
            timeout=self.timeout,
            output_schema=outline(self.answer),
        )


class Area:
    """The tools of one area, by name, in the order in which they are written."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    @property
    def tools(self) -> Mapping[str, frozenset[str]]:
        """The tags of each tool: its toolsets, and whether it writes."""
        return {name: entry.tags for name, entry in self._entries.items()}

    def provider(self, shown: Collection[str] | None = None) -> LocalProvider:
        """Return a provider of those tools that are shown; of all, unless told."""
        provider = LocalProvider()
        for name, entry in self._entries.items():
            if shown is None or name in shown:
                provider.add_tool(entry.tool)
        return provider

    def tool(
        self, title: str, effects: ToolAnnotations, tags: set[str], *, timeout: float
    ) -> Callable[[Function[P, Answer]], Function[P, Answer]]:
        """Register an async function; its return annotation is the model of the answer.

        Of that model the outline is shown. FastMCP does not get to see the annotation: it would
        build the whole schema of the model only to drop it, 2.5 of the 3.6 ms that a tool cost.
        """

        def register(function: Function[P, Answer]) -> Function[P, Answer]:
            answer = get_annotations(function, eval_str=True).pop("return")
            function.__annotations__.pop("return")
            self._entries[function.__name__] = _Entry(
                function, answer, title, effects, frozenset(tags), timeout
            )
            return function

        return register
