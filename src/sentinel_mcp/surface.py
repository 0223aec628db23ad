"""Which tools a server shows: chosen at the start, by toolset or by name."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sentinel_mcp.effects import WRITES
from sentinel_mcp.errors import ConfigError

ALL = "all"
"""The toolset of everything."""

CORE = "core"
"""The toolset of everyday work; what a server shows unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user wants to see; without toolsets and tools, `core`.

    Tools that change the workspace are shown only with `writes`. With `discover` three tools are
    shown that find and call the others, which are all unless chosen.
    """

    toolsets: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    exclude_tools: tuple[str, ...] = ()
    writes: bool = False
    discover: bool = False

    @property
    def wanted(self) -> frozenset[str]:
        """The toolsets that are shown."""
        if self.toolsets or self.tools:
            return frozenset(self.toolsets)
        return frozenset({ALL if self.discover else CORE})


def shown(tools: Mapping[str, frozenset[str]], choice: Choice) -> frozenset[str]:
    """Return the names of the tools that `choice` shows; `tools` are all there are, with tags.

    Raises:
        ConfigError: a toolset or a tool of that name does not exist; lists those that do.

    """
    _known("toolset", choice.toolsets, {*toolsets(tools), CORE, ALL})
    _known("tool", (*choice.tools, *choice.exclude_tools), tools)
    return frozenset(
        name
        for name, tags in tools.items()
        if (ALL in choice.wanted or tags & choice.wanted or name in choice.tools)
        and (choice.writes or WRITES not in tags)
        and name not in choice.exclude_tools
    )


def toolsets(tools: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the toolsets of tools by their tags, without those that span them."""
    return frozenset({tag for tags in tools.values() for tag in tags} - {WRITES, CORE})


def _known(kind: str, asked: Iterable[str], existing: Collection[str]) -> None:
    for name in asked:
        if name not in existing:
            near = difflib.get_close_matches(name, existing, n=1)
            raise ConfigError(
                f"There is no {kind} {name!r}.",
                hint=(f"Did you mean {near[0]!r}? " if near else "")
                + f"There are: {', '.join(sorted(existing))}.",
            )
