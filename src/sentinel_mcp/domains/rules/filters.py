"""Which rules and templates a caller asks for; Azure gives both lists whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sentinel_mcp.domains import attack
from sentinel_mcp.domains.documents import cut
from sentinel_mcp.domains.rules.models import RuleSummary, Severity, TemplateSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFilter:
    """Nothing set keeps every rule. Raises an InputError for what is no tactic or technique."""

    kind: str | None = None
    enabled: bool | None = None
    severity: Severity | None = None
    tactic: str | None = None
    technique: str | None = None
    text: str | None = None

    def kept(self, rules: Iterable[RuleSummary]) -> list[RuleSummary]:
        """Return the rules that match, in order of title."""
        tagged = Tags.of(self.tactic, self.technique)
        found = [
            each
            for each in rules
            if (self.kind is None or each.kind.casefold() == self.kind.casefold())
            and (self.enabled is None or each.enabled is self.enabled)
            and _is(each.severity, self.severity)
            and tagged.fit(each.tactics, each.techniques)
            and _found(self.text, (each.title, each.name))
        ]
        return sorted(found, key=lambda each: (each.title.casefold(), each.name))

    def notices(self, rules: Iterable[RuleSummary]) -> list[str]:
        """Return what is to be said where no rule is of the kind that is asked for."""
        kinds = sorted({each.kind for each in rules})
        if self.kind is None or self.kind.casefold() in [each.casefold() for each in kinds]:
            return []
        return [f"No rule is of kind {cut(self.kind, 60)!r}; here are: {', '.join(kinds)}."]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFilter:
    """Nothing set keeps every template. Raises an InputError for what is no tactic or technique."""

    text: str | None = None
    severity: Severity | None = None
    tactic: str | None = None
    technique: str | None = None
    source: str | None = None
    """Part of the name of a connector or a data type."""
    unused: bool = False

    def kept(self, templates: Iterable[TemplateSummary]) -> list[TemplateSummary]:
        """Return the templates that match, in order of title."""
        tagged = Tags.of(self.tactic, self.technique)
        found = [
            each
            for each in templates
            if not (self.unused and each.rules_made)
            and _is(each.severity, self.severity)
            and tagged.fit(each.tactics, each.techniques)
            and _found(self.text, (each.title, each.name))
            and _found(self.source, _sources(each))
        ]
        return sorted(found, key=lambda each: (each.title.casefold(), each.name))


@dataclass(frozen=True, slots=True)
class Tags:
    """A tactic and a technique that are asked for, as Sentinel spells them."""

    tactic: str | None
    technique: str | None

    @classmethod
    def of(cls, tactic: str | None, technique: str | None) -> Tags:
        """Read what a caller wrote."""
        return cls(
            attack.tactic(tactic) if tactic else None,
            attack.technique(technique) if technique else None,
        )

    def fit(self, tactics: Sequence[str], techniques: Sequence[str]) -> bool:
        """Return whether something with these tags is meant; a technique means its parts, too."""
        return (self.tactic is None or self.tactic in tactics) and (
            self.technique is None
            or any(self.technique in (each, attack.parent_of(each)) for each in techniques)
        )


def _is(value: str | None, wanted: str | None) -> bool:
    return wanted is None or (value is not None and value.casefold() == wanted.casefold())


def _found(wanted: str | None, places: Iterable[str]) -> bool:
    return wanted is None or any(wanted.casefold() in each.casefold() for each in places)


def _sources(template: TemplateSummary) -> Iterable[str]:
    for each in template.sources:
        if each.connector:
            yield each.connector
        yield from each.data_types
