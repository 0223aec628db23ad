"""What `tools/list` costs a model: schemas without what says nothing.

Pydantic writes an optional argument as a choice between its type and null, with null as the
default. A client leaves such an argument out; the choice and the default are 60 bytes each time,
a sixth of the whole list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from fastmcp.server.transforms import Transform
from fastmcp.tools import Tool

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one: JSON of any kind."""


class Slim(Transform):
    """Shortens the schemas of arguments; what is accepted stays the same, null included."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Tool, Tool]] = {}

    async def list_tools(self, tools: Sequence[Tool]) -> Sequence[Tool]:
        """Return the tools with short schemas."""
        return [self._slim(tool) for tool in tools]

    def _slim(self, tool: Tool) -> Tool:
        found = self._known.get(tool.name)
        if found is None or found[0] is not tool:
            found = tool, tool.model_copy(update={"parameters": slim(tool.parameters)})
            self._known[tool.name] = found
        return found[1]


def slim(parameters: Schema) -> dict[str, Any]:
    """Return a schema of arguments in which no optional one speaks of null."""
    properties = cast("dict[str, Schema]", parameters.get("properties", {}))
    return {
        **parameters,
        "properties": {name: _argument(each) for name, each in properties.items()},
    }


def _argument(schema: Schema) -> Schema:
    choices = cast("list[Schema]", schema.get("anyOf", []))
    given = [each for each in choices if each.get("type") != "null"]
    rest = {
        key: value
        for key, value in schema.items()
        if key not in ("anyOf", "title") and not (key == "default" and value is None)
    }
    if not choices:
        return rest
    return {**given[0], **rest} if len(given) == 1 else {"anyOf": given, **rest}
