"""Azure's models and samples, and how a document is compared with them.

The models are those that the management SDKs were generated from, one a line:
`Name(Base) kind=K { field(ro): Type; ... }`. The samples are the service's own examples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "azure"

_LINE = re.compile(r"^(\w+)\(([\w, ]*)\)(?: kind=(\S+))? \{(.*)\}$")
_FIELD = re.compile(r"([\w.@]+)(\(ro\))?: (.+)")
_NEVER_TOLD = {"apiKey", "clientSecret", "password"}
"""Required when written, and in no answer: see the sample dataConnectors/GetRestApiPollerById."""

_DISCRIMINATORS = ("kind", "type")
_PLAIN = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "datetime.date": str,
    "datetime.datetime": str,
    "datetime.timedelta": str,
}


@dataclass(frozen=True, slots=True)
class Field:
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    base: str
    kind: str | None
    fields: dict[str, Field]


class Models:
    """The models of one SDK."""

    def __init__(self, file_name: str) -> None:
        text = (REFERENCE / file_name).read_text(encoding="utf-8")
        self._models = {each.name: each for each in map(_model, text.splitlines()) if each}

    def problems(self, document: Any, model: str, sample: Any = None) -> list[str]:
        """Return where a document is not of the model, its kind's own model included."""
        return list(self._of_model(document, model, sample, model))

    def _of_model(self, value: Any, name: str, sample: Any, path: str) -> Iterator[str]:
        members = members_of(value)
        if members is None:
            yield f"{path}: {name} expected, {type(value).__name__} found"
            return
        fields = self._fields(self._by_kind(name, members))
        examples = members_of(sample) or {}
        for key, each in members.items():
            where, example = f"{path}.{key}", examples.get(key)
            if key in fields:
                yield from self._of_type(each, fields[key].type, example, where)
            elif example is None or json_type(example) != json_type(each):
                yield f"{where}: neither in the model {name} nor in the sample"
        for key, field in fields.items():
            if field.required and key not in members and key not in _NEVER_TOLD:
                yield f"{path}.{key}: required and missing"

    def _of_type(self, value: Any, declared: str, sample: Any, path: str) -> Iterator[str]:
        if (inner := _within(declared, "Opt")) is not None:
            if value is not None:
                yield from self._of_type(value, inner, sample, path)
        elif (inner := _within(declared, "list")) is not None:
            yield from self._each(value, inner, sample, path)
        elif declared.startswith(("Union[str,", "Literal[")):
            yield from _plain(value, str, path)
        elif (name := declared.strip("'\"")) in self._models:
            yield from self._of_model(value, name, sample, path)
        elif declared.startswith("dict["):
            yield from _plain(value, dict, path)
        elif declared in _PLAIN:
            yield from _plain(value, _PLAIN[declared], path)
        elif declared != "Any":
            yield f"{path}: the test does not know the type {declared}"

    def _each(self, value: Any, inner: str, sample: Any, path: str) -> Iterator[str]:
        items = items_of(value)
        if items is None:
            yield f"{path}: list expected, {type(value).__name__} found"
            return
        examples = items_of(sample)
        for index, each in enumerate(items):
            yield from self._of_type(
                each, inner, examples[0] if examples else None, f"{path}[{index}]"
            )

    def _by_kind(self, name: str, members: dict[str, Any]) -> str:
        """Return the model of a document's kind, which derives from the model that is named."""
        kinds = {str(members.get(each)) for each in _DISCRIMINATORS}
        for each in self._models.values():
            if each.kind in kinds and name in self._line(each.base):
                return each.name
        return name

    def _line(self, name: str) -> list[str]:
        found: list[str] = []
        while name in self._models:
            found.append(name)
            name = self._models[name].base
        return found

    def _fields(self, name: str) -> dict[str, Field]:
        found: dict[str, Field] = {}
        for each in self._line(name):
            for key, field in self._models[each].fields.items():
                found.setdefault(key, field)
        return found


def members_of(value: Any) -> dict[str, Any] | None:
    """Return a JSON object, or None for any other value."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def items_of(value: Any) -> list[Any] | None:
    """Return a JSON array, or None for any other value."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def json_type(value: Any) -> str:
    """Return the type that JSON tells apart: it has one for all numbers."""
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case dict():
            return "object"
        case list():
            return "array"
        case _:
            return "null"


def sample_of(name: str) -> Any:
    """Return the body of an official sample's answer."""
    path = REFERENCE / "examples" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["responses"]["200"]["body"]


def differences(found: Any, sample: Any, path: str = "") -> list[str]:
    """Return where a document has what the sample has not, or has it as another type."""
    members, examples = members_of(found), members_of(sample)
    if members is not None and examples is not None:
        told = [f"{path}.{key}: not in the sample" for key in members if key not in examples]
        for key in members.keys() & examples.keys():
            told += differences(members[key], examples[key], f"{path}.{key}")
        return told
    items, samples = items_of(found), items_of(sample)
    if items is not None and samples is not None:
        merged = _merged(samples)
        return [told for each in items for told in differences(each, merged, f"{path}[]")]
    if found is None or sample is None or json_type(found) == json_type(sample):
        return []
    return [f"{path}: {type(found).__name__} where the sample has {type(sample).__name__}"]


def _merged(samples: list[Any]) -> Any:
    """Return one example that has the members of all."""
    merged: dict[str, Any] = {}
    for each in samples:
        members = members_of(each)
        if members is None:
            return samples[0]
        for key, value in members.items():
            before = merged.get(key)
            if isinstance(before, list) and isinstance(value, list):
                merged[key] = [*cast("list[Any]", before), *cast("list[Any]", value)]
            elif isinstance(before, dict) and isinstance(value, dict):
                merged[key] = {**cast("dict[str, Any]", before), **cast("dict[str, Any]", value)}
            else:
                merged.setdefault(key, value)
    return merged or None


def _model(line: str) -> Model | None:
    found = _LINE.match(line)
    if found is None:
        return None
    fields: dict[str, Field] = {}
    for part in found[4].split(";"):
        if field := _FIELD.match(part.strip()):
            declared = field[3].strip()
            required = field[2] is None and not declared.startswith("Opt[")
            fields[field[1]] = Field(declared, required)
    return Model(found[1], found[2].split(",")[0].strip(), found[3], fields)


def _within(declared: str, outer: str) -> str | None:
    start = f"{outer}["
    return declared[len(start) : -1] if declared.startswith(start) else None


def _plain(value: Any, expected: type | tuple[type, ...], path: str) -> Iterator[str]:
    if isinstance(value, bool) and expected is not bool:
        yield f"{path}: a boolean found"
    elif not isinstance(value, expected):
        yield f"{path}: {expected} expected, {type(value).__name__} found"
