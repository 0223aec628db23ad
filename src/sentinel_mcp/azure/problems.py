"""Reads what Azure says about a failure: headers, and error bodies of its several shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

_MAX_MESSAGE = 500
_MAX_DEPTH = 10
_SECRETS = (
    (re.compile(r"eyJ[\w-]{8,}(\.[\w-]*){1,2}"), "(token)"),
    (re.compile(r"(?i)bearer\s+\S+"), "(token)"),
    (re.compile(r"(https?://[^\s?'\"<>]+)\?[^\s'\"<>]*"), r"\1"),
    (
        re.compile(
            r"(?i)\b(sig|secret|password|pwd|\w+_secret|\w*assertion|\w+_token|\w*key)=[^\s&;'\"]+"
        ),
        r"\1=(hidden)",
    ),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error body says: the codes from the outermost in, and the deepest message.

    `line` and `position` are those of a query that does not parse, as Azure counts them.
    """

    codes: tuple[str, ...] = ()
    message: str = ""
    line: int | None = None
    position: int | None = None
    hint: str | None = None

    @property
    def code(self) -> str:
        """The deepest code that says something; Kusto's innermost ones can be bare numbers."""
        return next((each for each in reversed(self.codes) if re.search("[A-Za-z]", each)), "")


def read_problem(body: object) -> Problem:
    """Return what an error body says; an empty problem when it is not of a known shape."""
    codes: list[str] = []
    message = hint = ""
    line = position = None
    for level in _levels(body):
        if isinstance(code := level.get("code"), (str, int)):
            codes.append(str(code))
        if isinstance(said := level.get("message"), str) and said.strip():
            message = said
        if isinstance(advised := level.get("hint"), str):
            hint = advised
        if isinstance(level.get("line"), int) and isinstance(level.get("pos"), int):
            line, position = level["line"], level["pos"]
    return Problem(tuple(codes), clean(message), line, position, clean(hint) or None)


def _levels(body: object) -> Iterator[Mapping[str, Any]]:
    # Any: error bodies are read, not trusted; each value is looked at before it is used.
    node = cast("Mapping[str, Any]", body).get("error", body) if isinstance(body, Mapping) else None
    for _ in range(_MAX_DEPTH):
        if not isinstance(node, Mapping):
            return
        level = cast("Mapping[str, Any]", node)
        yield level
        details = level.get("details")
        first = cast("list[Any]", details)[0] if details and isinstance(details, list) else None
        node = level.get("innererror") or level.get("innerError") or first


def clean(text: str) -> str:
    """Return a foreign text on one line, short, without tokens and query strings."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    text = " ".join(text.split())
    return text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds a server asks to wait, from any of the headers Azure uses."""
    stated = {name.lower(): value for name, value in headers.items()}
    for name in ("x-ms-retry-after-ms", "retry-after-ms"):
        if (asked_ms := _number(stated.get(name))) is not None:
            return asked_ms / 1000
    value = stated.get("retry-after", "")
    if (asked_s := _number(value)) is not None:
        return asked_s
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "none")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
