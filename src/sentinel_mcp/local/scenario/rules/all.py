"""The rules of the workspace."""

from __future__ import annotations

from functools import cache

from sentinel_mcp.local.scenario.rules import identity, machines
from sentinel_mcp.local.scenario.rules.model import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Return all of them, in the order of their age."""
    return (*identity.RULES, *machines.RULES)


@cache
def rule(key: str) -> Rule:
    """Return one by its key."""
    return next(each for each in rules() if each.key == key)
