"""In what two versions of a document differ, and whether one is what the other was to become."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

from sentinel_mcp.domains.documents import Document, as_document, cut, inner, snake_case, text

VALUE_CHARS = 400
MAX_CHANGES = 40


class FieldChange(BaseModel):
    """One field, before and after; null where there is nothing."""

    model_config = ConfigDict(frozen=True)

    field: str
    before: str | None
    after: str | None


def differences(before: Document, after: Document) -> list[FieldChange]:
    """Return the properties in which two documents differ, in the order of their names.

    Long values are cut here, after they were compared whole.
    """
    old, new = (_flat(inner(each, "properties")) for each in (before, after))
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    found = [
        FieldChange(field=name, before=_shown(old.get(name)), after=_shown(new.get(name)))
        for name in names[:MAX_CHANGES]
    ]
    if left := len(names) - len(found):
        found.append(FieldChange(field="…", before=None, after=f"{left} more fields"))
    return found


def arrived(before: Document, after: Document, latest: Document, names: Mapping[str, Any]) -> bool:
    """Whether a write of which no answer came is what is there now, in the properties of `names`.

    Azure fills an object in: of an owner whose id is sent it tells the name, too. So what is there
    may say more than what was sent, once its etag shows that it was written.
    """
    mine, theirs = inner(after, "properties"), inner(latest, "properties")
    if all(_same(mine.get(name), theirs.get(name)) for name in names):
        return True
    written = not same_etag(text(before, "etag") or "", text(latest, "etag"))
    return written and holds({name: mine.get(name) for name in names}, theirs)


def holds(wanted: Document, found: Document) -> bool:
    """Whether everything that is wanted is there; an object may hold more than that."""
    for name, value in wanted.items():
        inside = as_document(value)
        if inside:
            if not holds(inside, inner(found, name)):
                return False
        elif not _same(value, found.get(name)):
            return False
    return True


def same_etag(one: str, other: str | None) -> bool:
    """Whether two etags are one, however they are quoted."""
    return _bare(one) == _bare(other or "")


def _same(one: object, other: object) -> bool:
    return _flat({"value": one}) == _flat({"value": other})


def _flat(properties: Document, prefix: str = "") -> dict[str, str]:
    """Return the properties as dotted names and texts; what is null or empty is left out."""
    flat: dict[str, str] = {}
    for key, value in properties.items():
        name = f"{prefix}{snake_case(key)}"
        match value:
            case None | "" | []:
                continue
            case Mapping():
                flat |= _flat(inner(properties, key), f"{name}.")
            case list():
                flat[name] = _listed(properties[key])
            case bool():
                flat[name] = str(value).lower()
            case _:
                flat[name] = str(value)
    return flat


def _listed(values: list[Any]) -> str:  # Any: a JSON list holds anything
    if all(isinstance(each, str) for each in values):
        return ", ".join(values)
    labels = [text(each, "labelName") for each in map(as_document, values) if each is not None]
    if labels and all(labels):
        return ", ".join(filter(None, labels))
    return json.dumps(_snake_cased(values), ensure_ascii=False, sort_keys=True)


def _snake_cased(value: object) -> object:
    match value:
        case Mapping():
            found = cast("Document", value)  # of JSON: its keys are texts
            return {snake_case(key): _snake_cased(each) for key, each in found.items()}
        case list():
            return [_snake_cased(each) for each in cast("list[object]", value)]
        case _:
            return value


def _shown(value: str | None) -> str | None:
    return None if value is None else cut(value, VALUE_CHARS)


def _bare(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"')
