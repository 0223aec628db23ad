"""The short form of a model's JSON schema, for `tools/list`.

The whole schema of an incident with its sections is 12 KB, and all that a model reads of tools
before it can begin is to stay within 25 KB. The answers themselves carry every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one: JSON of any kind."""


def outline(model: type[BaseModel]) -> dict[str, Any]:
    """Return the model's own fields: name, type, description; of an object within, no more."""
    properties: Schema = model.model_json_schema(mode="serialization")["properties"]
    return {"type": "object", "properties": {name: _field(of) for name, of in properties.items()}}


def _field(schema: Schema) -> Schema:
    described = {"description": schema["description"]} if "description" in schema else {}
    return {**_type(schema), **described}


def _type(schema: Schema) -> Schema:
    if "$ref" in schema or schema.get("type") == "object":
        return {"type": "object"}
    if "anyOf" in schema:
        # Of choices the kinds are told, not the values of a closed set: null would not be one.
        kinds = [kind for kind in (_type(each).get("type") for each in schema["anyOf"]) if kind]
        return {"type": list(dict.fromkeys(kinds))}
    if schema.get("type") == "array":
        return {"type": "array", "items": _type(schema.get("items", {}))}
    return {key: schema[key] for key in ("type", "enum") if key in schema}
