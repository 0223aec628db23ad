"""Puts arguments into the texts of prompts."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_PLACE = re.compile(r"\{\{([a-z_]+)\}\}")


@cache
def _text(name: str) -> str:
    file = resources.files("sentinel_mcp.prompts") / "texts" / f"{name}.md"
    return file.read_text(encoding="utf-8")


def filled(name: str, **values: str) -> str:
    """Return the text `name` with each ``{{place}}`` replaced by the value of that name.

    One pass: what looks like a place within a value stays as it is. An empty value takes its
    paragraph with it.
    """
    text = _PLACE.sub(lambda match: values[match[1]], _text(name))
    return re.sub(r"\n{3,}", "\n\n", text)


def quoted(text: str) -> str:
    """Return somebody's words as a Markdown quotation, which none of its lines can end."""
    return "\n".join(f"> {line}" for line in text.splitlines())
