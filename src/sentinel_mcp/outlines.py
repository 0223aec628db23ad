"""The short form of a model's JSON schema: what an answer holds, without what is within that.

The whole schema of an incident with its sections is 12 KB. Read from the fields themselves:
pydantic's own schemas of 15 answers took 60 ms of each start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one: JSON of any kind."""

_SCALARS: Mapping[object, str] = {
    str: "string",
    datetime: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    NoneType: "null",
}


def outline(model: type[BaseModel]) -> dict[str, Any]:
    """Return the model's own fields: name, type, description; of an object within, no more."""
    return {
        "type": "object",
        "properties": {
            name: {
                **_schema(field.annotation),
                **({"description": field.description} if field.description else {}),
            }
            for name, field in model.model_fields.items()
        },
    }


def _schema(annotation: object) -> Schema:
    """Return the schema of an annotation; an empty one allows anything."""
    if scalar := _SCALARS.get(annotation):
        return {"type": scalar}
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin in (Union, UnionType):
        # Of choices the kinds are told, not the values of a closed set: null would not be one.
        kinds = [_schema(each).get("type") for each in arguments]
        return {} if None in kinds else {"type": list(dict.fromkeys(kinds))}
    is_object = origin is dict or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    )
    return {"type": "object"} if is_object else {}
