"""Reads the texts that come with the package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

_HEADING = re.compile(r"^## (?P<name>.+)$", re.MULTILINE)


@cache
def reference() -> str:
    """Return the language in brief."""
    return _read("reference.md")


@cache
def operators() -> Mapping[str, str]:
    """Return the explanation of each operator, by name."""
    text = _read("operators.md")
    starts = list(_HEADING.finditer(text))
    ends = [each.start() for each in starts[1:]] + [len(text)]
    return MappingProxyType(
        {
            each["name"]: f"# {each['name']}\n{text[each.end() : end]}".rstrip() + "\n"
            for each, end in zip(starts, ends, strict=True)
        }
    )


@cache
def examples() -> Mapping[str, str]:
    """Return the hunts, by scenario."""
    folder = resources.files("sentinel_mcp.resources") / "texts" / "examples"
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".md"))
    return MappingProxyType({name.removesuffix(".md"): _read(f"examples/{name}") for name in names})


def title(text: str) -> str:
    """Return the heading of a text."""
    return text.partition("\n")[0].removeprefix("# ")


def _read(name: str) -> str:
    file = resources.files("sentinel_mcp.resources") / "texts" / name
    return file.read_text(encoding="utf-8")
