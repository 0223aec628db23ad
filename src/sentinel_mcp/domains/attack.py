"""MITRE ATT&CK as Sentinel spells it: tactics in order of the matrix, techniques with their names.

The names come with the package (`attack.tsv`): a workspace that is asked offline has them, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal, get_args

from sentinel_mcp.domains.tactics import EnterpriseTactic, IcsTactic
from sentinel_mcp.errors import InputError

Matrix = Literal["enterprise", "ics"]

ENTERPRISE: tuple[str, ...] = get_args(EnterpriseTactic)
ICS: tuple[str, ...] = get_args(IcsTactic)
TACTICS = (*ENTERPRISE, *ICS)

_BY_LETTERS = {each.casefold(): each for each in (*TACTICS, "PreAttack")}
_TECHNIQUE = re.compile(r"T\d{4}(?:\.\d{3})?")


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique, or a sub-technique: `T1110.003` is one of `T1110`."""

    id: str
    name: str
    matrix: Matrix
    tactics: tuple[str, ...]

    @property
    def is_sub(self) -> bool:
        """Whether it is a part of another."""
        return "." in self.id


@cache
def techniques() -> Mapping[str, Technique]:
    """Return all techniques and sub-techniques, by id."""
    text = (resources.files("sentinel_mcp.domains") / "attack.tsv").read_text("utf-8")
    lines = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType(
        {
            found: Technique(
                found, name, "ics" if matrix == "ics" else "enterprise", tuple(tactics.split(","))
            )
            for found, name, matrix, tactics in lines
        }
    )


def technique_name(technique: str) -> str | None:
    """Return the name of a technique; None for one that ATT&CK does not have, or not any more."""
    found = techniques().get(technique)
    return found.name if found else None


def parent_of(technique: str) -> str:
    """Return the technique that a sub-technique is part of; of a technique, itself."""
    return technique.partition(".")[0]


def is_technique(text: str) -> bool:
    """Whether the text has the form of a technique's id."""
    return _TECHNIQUE.fullmatch(text) is not None


def tactic(text: str) -> str:
    """Return Sentinel's spelling of a tactic: `initial access` is `InitialAccess`.

    Raises:
        InputError: there is no such tactic.

    """
    if found := _BY_LETTERS.get(re.sub(r"[\s_-]", "", text).casefold()):
        return found
    raise InputError(f"{text[:60]!r} is not a tactic.", hint=f"Tactics are {', '.join(TACTICS)}.")


def technique(text: str) -> str:
    """Return the id of a technique, in capitals.

    Raises:
        InputError: it is none.

    """
    stated = text.strip().upper()
    if is_technique(stated):
        return stated
    raise InputError(
        f"{text[:60]!r} is not the id of a technique.", hint="Give one such as T1110 or T1110.003."
    )
