"""What the names of a query stand for where they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Binding:
    """A `let` name or a function's parameter.

    `text` is what stands in its place; for a function it is empty, and `scope` is the scope in
    which the function was declared.
    """

    text: str
    tabular: bool = False
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The names in reach at one place; a new scope is made for each that is added."""

    names: Mapping[str, Binding] = field(default_factory=dict[str, Binding])

    def get(self, name: str) -> Binding | None:
        """Return what `name` stands for here."""
        return self.names.get(name)

    def having(self, added: Mapping[str, Binding]) -> Scope:
        """Return this scope with more names, which hide those of before."""
        return Scope({**self.names, **added})
