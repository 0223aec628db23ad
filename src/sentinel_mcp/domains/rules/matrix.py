"""Counts what is tagged with which tactic and technique."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sentinel_mcp.domains import attack
from sentinel_mcp.domains.rules.coverage_models import (
    Counts,
    Named,
    Remedy,
    SubTechniqueCoverage,
    TacticCoverage,
    TacticGap,
    TechniqueCoverage,
    TechniqueGap,
)

Kind = Literal["enabled", "disabled", "template", "hunting"]

MAX_REMEDIES = 3
"""Named of each kind for one gap; how many there are is told."""

MAX_RULES = 10


@dataclass(frozen=True, slots=True)
class Tagged:
    """A rule, a template or a hunting query, with its tags."""

    kind: Kind
    name: str
    title: str
    tactics: Sequence[str]
    techniques: Sequence[str]

    @property
    def named(self) -> Named:
        """Return what an answer calls it."""
        return Named(name=self.name, title=self.title)


@dataclass(slots=True)
class _Cell:
    """All that has one tag; something that has it twice is there once."""

    found: dict[Kind, dict[str, Tagged]] = field(
        default_factory=lambda: defaultdict[Kind, dict[str, Tagged]](dict)
    )

    def add(self, each: Tagged) -> None:
        self.found[each.kind][each.name.casefold()] = each

    def count(self, kind: Kind) -> int:
        return len(self.found[kind])

    def named(self, kind: Kind, most: int = MAX_REMEDIES) -> list[Named]:
        ordered = sorted(self.found[kind].values(), key=lambda each: each.title.casefold())
        return [each.named for each in ordered[:most]]

    def counts(self) -> dict[str, int]:
        return {
            "enabled_rules": self.count("enabled"),
            "disabled_rules": self.count("disabled"),
            "templates": self.count("template"),
            "hunting_queries": self.count("hunting"),
        }

    def remedy(self) -> Remedy:
        return Remedy(
            disabled_rules=self.named("disabled"),
            templates=self.named("template"),
            templates_count=self.count("template"),
            hunting_queries=self.count("hunting"),
        )

    @property
    def closable(self) -> int:
        """How many there are that would close the gap."""
        return self.count("disabled") + self.count("template")


class CoverageMatrix:
    """Everything that is tagged, by tactic, technique and sub-technique.

    A technique counts what names it or a part of it, whatever tactic it is tagged with.
    """

    def __init__(self, tagged: Iterable[Tagged]) -> None:
        self._tactics = defaultdict[str, _Cell](_Cell)
        self._techniques = defaultdict[str, _Cell](_Cell)
        self._all = _Cell()
        self._beside: dict[str, set[str]] = defaultdict(set)
        """The tactics with which a technique is tagged that ATT&CK does not have."""
        for each in tagged:
            self._all.add(each)
            for tactic in each.tactics:
                self._tactics[tactic].add(each)
            for technique in {*each.techniques, *map(attack.parent_of, each.techniques)}:
                self._techniques[technique].add(each)
                if technique not in attack.techniques():
                    self._beside[technique].update(each.tactics)

    def totals(self) -> Counts:
        """Return how many of each there are."""
        return Counts(**self._all.counts())

    def untagged(self) -> int:
        """Return how many enabled rules have no tactic."""
        return sum(not each.tactics for each in self._all.found["enabled"].values())

    def unknown(self) -> list[str]:
        """Return the tags that ATT&CK does not have."""
        tactics = [each for each in self._tactics if each not in attack.TACTICS]
        return sorted(tactics) + sorted(self._beside)

    def tactics(self) -> list[TacticCoverage]:
        """Return every tactic, in the order of the matrix, then those ATT&CK does not have."""
        others = sorted(set(self._tactics) - set(attack.TACTICS))
        return [self._tactic(each) for each in (*attack.TACTICS, *others)]

    def tactic_gaps(self) -> list[TacticGap]:
        """Return the tactics without an enabled rule."""
        cells = {tactic: self._tactics.get(tactic, _Cell()) for tactic in attack.TACTICS}
        return [
            TacticGap(tactic=tactic, **cell.remedy().model_dump())
            for tactic, cell in cells.items()
            if not cell.count("enabled")
        ]

    def in_use(self) -> list[str]:
        """Return the techniques that a rule or a hunting query names."""
        return [
            each
            for each in sorted(self._techniques)
            if "." not in each and any(self._techniques[each].count(kind) for kind in _AT_WORK)
        ]

    def of_tactic(self, tactic: str) -> list[str]:
        """Return the techniques of a tactic, and what is tagged with it besides."""
        listed = {
            each.id
            for each in attack.techniques().values()
            if tactic in each.tactics and not each.is_sub and self._concerns(each, tactic)
        }
        besides = {each for each, tactics in self._beside.items() if tactic in tactics}
        return sorted(listed | {each for each in besides if "." not in each})

    def universe(self) -> list[str]:
        """Return the techniques of the enterprise matrix, and whatever else is named."""
        listed = {
            each.id
            for each in attack.techniques().values()
            if each.matrix == "enterprise" and not each.is_sub
        }
        return sorted(listed | {each for each in self._techniques if "." not in each})

    def technique(self, technique: str, *, with_rules: bool) -> TechniqueCoverage:
        """Return a technique with its sub-techniques, as far as something names them."""
        cell = self._cell(technique)
        return TechniqueCoverage(
            technique=technique,
            name=attack.technique_name(technique),
            tactics=self._tactics_of(technique),
            sub_techniques=[
                SubTechniqueCoverage(
                    technique=each,
                    name=attack.technique_name(each),
                    **self._techniques[each].counts(),
                )
                for each in sorted(self._techniques)
                if each != technique and attack.parent_of(each) == technique
            ],
            rules=cell.named("enabled", MAX_RULES) if with_rules else [],
            **cell.counts(),
        )

    def gaps(self, techniques: Iterable[str]) -> list[TechniqueGap]:
        """Return those without an enabled rule; those that most would close come first."""
        open_ = [each for each in techniques if not self._cell(each).count("enabled")]
        open_.sort(key=lambda each: (-self._cell(each).closable, each))
        return [
            TechniqueGap(
                technique=each,
                name=attack.technique_name(each),
                tactics=self._tactics_of(each),
                **self._cell(each).remedy().model_dump(),
            )
            for each in open_
        ]

    def _tactic(self, tactic: str) -> TacticCoverage:
        techniques = self.of_tactic(tactic)
        return TacticCoverage(
            tactic=tactic,
            matrix="ics" if tactic in attack.ICS else "enterprise",
            techniques=len(techniques),
            techniques_covered=sum(bool(self._cell(each).count("enabled")) for each in techniques),
            **self._tactics.get(tactic, _Cell()).counts(),
        )

    def _concerns(self, technique: attack.Technique, tactic: str) -> bool:
        """Return whether a technique counts: those of industrial systems only where they are named.

        Nearly every workspace is of no plant, and would be told of gaps that it cannot have.
        """
        return (
            technique.matrix == "enterprise"
            or tactic in attack.ICS
            or technique.id in self._techniques
        )

    def _cell(self, technique: str) -> _Cell:
        return self._techniques.get(technique) or _Cell()

    def _tactics_of(self, technique: str) -> list[str]:
        known = attack.techniques().get(technique)
        return list(known.tactics) if known else sorted(self._beside[technique])


_AT_WORK: tuple[Kind, ...] = ("enabled", "disabled", "hunting")
