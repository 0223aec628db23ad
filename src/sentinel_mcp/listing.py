"""What `tools/list` costs a model: schemas without what it can do without.

All that a model reads of tools before it can begin is to stay within 32 KB. Pydantic writes an
optional argument as a choice between its type and null, with null as the default; a client leaves
such an argument out. Lengths of texts and lists are checked when a tool is called. Of an answer the
names of its fields are told; it shows the rest itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from fastmcp.server.transforms import Transform
from fastmcp.tools import Tool
from mcp.types import Tool as MCPTool

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one: JSON of any kind."""

_CHECKED_LATER = frozenset({"title", "minLength", "maxLength", "minItems", "maxItems"})

_EVERYWHERE = frozenset(
    {"missing", "next_cursor", "notices", "total_count", "untrusted", "warnings", "workspace"}
)
"""Fields that answers have in common."""


class Listed(Tool):
    """A tool as the list shows it: without the framework's note of its tags, 50 bytes each."""

    def to_mcp_tool(self, **overrides: Any) -> MCPTool:  # what the base class takes
        """Return the tool as it goes over the wire."""
        return super().to_mcp_tool(**{"_meta": None, **overrides})


class Slim(Transform):
    """Shortens the list of tools; what is accepted stays the same."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Tool, Tool]] = {}

    async def list_tools(self, tools: Sequence[Tool]) -> Sequence[Tool]:
        """Return the tools with short schemas."""
        return [self._slim(tool) for tool in tools]

    def _slim(self, tool: Tool) -> Tool:
        found = self._known.get(tool.name)
        if found is None or found[0] is not tool:
            found = self._known[tool.name] = tool, _short(tool)
        return found[1]


def _short(tool: Tool) -> Tool:
    # Any: the fields of a tool, each of its own type.
    fields: dict[str, Any] = {name: getattr(tool, name) for name in Tool.model_fields}
    fields["parameters"] = slim_arguments(tool.parameters)
    fields["output_schema"] = slim_answer(tool.output_schema) if tool.output_schema else None
    return Listed(**fields)


def slim_arguments(parameters: Schema) -> dict[str, Any]:
    """Return a schema of arguments in which no optional one speaks of null."""
    properties = cast("dict[str, Schema]", parameters.get("properties", {}))
    arguments = {name: _argument(each) for name, each in properties.items()}
    return {**parameters, "properties": arguments}


def slim_answer(schema: Schema) -> dict[str, Any]:
    """Return a schema of an answer that has the names of its own fields only."""
    names = cast("Schema", schema.get("properties", {}))
    return {**schema, "properties": {name: {} for name in names if name not in _EVERYWHERE}}


def _argument(schema: Schema) -> Schema:
    choices = cast("list[Schema]", schema.get("anyOf", []))
    given = [_bare(each) for each in choices if each.get("type") != "null"]
    rest = _bare({key: value for key, value in schema.items() if key != "anyOf"})
    if not choices:
        return rest
    return {**given[0], **rest} if len(given) == 1 else {"anyOf": given, **rest}


def _bare(schema: Schema) -> Schema:
    kept = {
        key: value
        for key, value in schema.items()
        if key not in _CHECKED_LATER and not (key == "default" and value is None)
    }
    if "enum" in kept:
        kept.pop("type", None)  # the values tell it
    if "items" in kept:
        kept["items"] = _bare(cast("Schema", kept["items"]))
    return kept
