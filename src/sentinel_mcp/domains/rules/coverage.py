"""What is covered of MITRE ATT&CK: rules, templates and hunting queries, read at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeVar

from sentinel_mcp.domains import attack
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, inner, inners, name, text
from sentinel_mcp.domains.rules.catalogue import Catalogue, cut_notice
from sentinel_mcp.domains.rules.coverage_models import MitreCoverage
from sentinel_mcp.domains.rules.documents import read_rule, read_template
from sentinel_mcp.domains.rules.matrix import CoverageMatrix, Tagged
from sentinel_mcp.domains.rules.models import MissingPart
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import InputError, SentinelError

NOTICE_BYTES = 400
"""Kept for what is said of a cut."""

MAX_GAPS = 25
"""Told where no tactic is asked for; how many there are is told with them."""

T = TypeVar("T")


class Coverages:
    """Counts what a workspace detects."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def read(self, tactic: str | None, *, workspace: str | None) -> MitreCoverage:
        """Return the coverage, in detail for one tactic where it is asked for."""
        asked = attack.tactic(tactic) if tactic else None
        context = await self._azure.open(workspace)
        catalogue = Catalogue(self._azure, context)
        rules, templates, queries = await asyncio.gather(
            catalogue.rules(),
            self._azure.attempt(catalogue.templates()),
            self._azure.attempt(catalogue.hunting_queries()),
        )
        matrix = CoverageMatrix(
            [*_rules(rules), *_templates(_list(templates)), *_queries(_list(queries))]
        )
        missing = [
            MissingPart(part=part, error=Failure.of(found))
            for part, found in (("templates", templates), ("hunting_queries", queries))
            if isinstance(found, SentinelError)
        ]
        notices = [*cut_notice(rules, "rules"), *cut_notice(_list(templates), "templates")]
        shown = matrix.of_tactic(asked) if asked else matrix.in_use()
        gaps = matrix.gaps(shown if asked else matrix.universe())
        answer = MitreCoverage(
            workspace=context.config.name,
            tactic=asked,
            totals=matrix.totals(),
            tactics=[each for each in matrix.tactics() if asked in (None, each.tactic)],
            techniques=[matrix.technique(each, with_rules=bool(asked)) for each in shown],
            tactic_gaps=[each for each in matrix.tactic_gaps() if asked in (None, each.tactic)],
            gaps=gaps if asked else gaps[:MAX_GAPS],
            gap_count=len(gaps),
            unknown_tags=matrix.unknown()[:MAX_GAPS],
            untagged_rules=matrix.untagged(),
            missing=missing,
            notices=notices,
        )
        return self._fitting(answer)

    def _fitting(self, answer: MitreCoverage) -> MitreCoverage:
        """Cut gaps, then techniques, until the answer is not too large; say what is cut."""
        room = self._azure.max_answer_bytes - NOTICE_BYTES
        told: list[str] = []
        if len(answer.gaps) < answer.gap_count:
            told.append(_cut("gaps", len(answer.gaps), answer.gap_count))
        for part in ("gaps", "techniques"):
            items: list[object] = getattr(answer, part)
            kept = len(items)
            while kept and size_bytes(answer) > room:
                kept //= 2
                answer = answer.model_copy(update={part: items[:kept]})
            if kept < len(items):
                told = [each for each in told if not each.startswith(f"`{part}`")]
                total = answer.gap_count if part == "gaps" else len(items)
                told.append(_cut(part, kept, total))
        return answer.model_copy(update={"notices": [*answer.notices, *told]})


def _cut(part: str, shown: int, total: int) -> str:
    return f"`{part}` has {shown} of {total}; ask for one `tactic` to see its own."


def _rules(documents: Iterable[Document]) -> Iterable[Tagged]:
    for each in map(read_rule, documents):
        # A rule that does not say so is not known to be on.
        kind = "enabled" if each.enabled else "disabled"
        yield Tagged(kind, each.name, each.title, each.tactics, each.techniques)


def _templates(documents: Iterable[Document]) -> Iterable[Tagged]:
    for each in map(read_template, documents):
        yield Tagged("template", each.name, each.title, each.tactics, each.techniques)


def _queries(documents: Iterable[Document]) -> Iterable[Tagged]:
    for each in documents:
        properties = inner(each, "properties")
        tags = {
            (text(tag, "name") or text(tag, "Name") or "").casefold(): (
                text(tag, "value") or text(tag, "Value") or ""
            )
            for tag in inners(properties, "tags")
        }
        title = text(properties, "displayName", 500) or name(each)
        techniques = [part.upper() for part in _parts(tags.get("techniques", ""))]
        yield Tagged(
            "hunting",
            name(each),
            title,
            list(_tactics(_parts(tags.get("tactics", "")))),
            techniques,
        )


def _parts(value: str) -> list[str]:
    return [part for each in value.split(",") if (part := each.strip())]


def _tactics(stated: Iterable[str]) -> Iterable[str]:
    """Yield tactics as rules spell them; people write these tags by hand."""
    for each in stated:
        try:
            yield attack.tactic(each)
        except InputError:
            yield each


def _list(found: list[T] | SentinelError) -> list[T]:
    return [] if isinstance(found, SentinelError) else found
