"""Areas without a tool of `core`: loaded only where one of theirs may be shown.

All of them together are a seventh of a start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sentinel_mcp.area import Area
from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import Settings
from sentinel_mcp.surface import ALL, Choice
from sentinel_mcp.tasks.manager import TaskManager

Make = Callable[[Workspaces, TaskManager, Settings, Checker], object]


@dataclass(frozen=True, slots=True)
class Part:
    """An area and how its service, of type `kind`, is made."""

    area: Area
    kind: type
    make: Make


def parts(choice: Choice | None, loaded: Iterable[Area]) -> list[Part]:
    """Return the areas that a choice may show beside the `loaded` ones; None shows everything.

    A tool that is named, or a toolset that nobody knows, may be of any of them.
    """
    if choice is None or choice.tools or choice.exclude_tools or ALL in choice.wanted:
        return [load() for load in _PARTS.values()]
    usual = {tag for area in loaded for tags in area.tools.values() for tag in tags}
    if not choice.wanted <= {*_PARTS, *usual}:
        return [load() for load in _PARTS.values()]
    return [load() for toolset, load in _PARTS.items() if toolset in choice.wanted]


def _content() -> Part:
    from sentinel_mcp.domains.content.service import Content
    from sentinel_mcp.domains.content.tools import content

    return Part(
        content, Content, lambda opened, tasks, settings, _: Content(opened, tasks, settings)
    )


def _identity() -> Part:
    from sentinel_mcp.domains.identity.service import Identities
    from sentinel_mcp.domains.identity.tools import identity

    def make(opened: Workspaces, tasks: TaskManager, settings: Settings, _: Checker) -> Identities:
        return Identities(opened, tasks, settings)

    return Part(identity, Identities, make)


def _defender() -> Part:
    from sentinel_mcp.domains.defender.service import Defender
    from sentinel_mcp.domains.defender.tools import defender

    return Part(defender, Defender, Defender)


def _lake() -> Part:
    from sentinel_mcp.domains.lake.service import Lake
    from sentinel_mcp.domains.lake.tools import lake

    return Part(lake, Lake, Lake)


_PARTS = {"content": _content, "identity": _identity, "defender": _defender, "lake": _lake}
