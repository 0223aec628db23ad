"""The names a misspelt one may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nlargest

_LIKE_ENOUGH = 0.72


def nearest(name: str, known: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return the known names most like `name`, best first; names that differ in case lead.

    A name that continues or is continued by another counts as like it, however long the rest.
    """
    wanted = name.casefold()
    candidates = list(dict.fromkeys(known))
    same = [each for each in candidates if each.casefold() == wanted and each != name]
    if same:
        return tuple(same[:limit])
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    scored: list[tuple[float, str]] = []
    for each in candidates:
        folded = each.casefold()
        matcher.set_seq1(folded)
        if matcher.real_quick_ratio() < _LIKE_ENOUGH and not _continues(folded, wanted):
            continue
        likeness = matcher.ratio() if matcher.quick_ratio() >= _LIKE_ENOUGH else 0.0
        if _continues(folded, wanted):
            likeness = max(likeness, _LIKE_ENOUGH)
        if likeness >= _LIKE_ENOUGH:
            scored.append((likeness, each))
    # The shorter of two equally like names is the likelier one.
    best = nlargest(limit, scored, key=lambda pair: (pair[0], -len(pair[1])))
    return tuple(each for _, each in best)


def _continues(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= 5 and longer.startswith(shorter)


def did_you_mean(candidates: Iterable[str]) -> str | None:
    """Return the question that names the candidates; None where there are none."""
    named = " or ".join(repr(each) for each in candidates)
    return f"Did you mean {named}?" if named else None
