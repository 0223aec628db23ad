"""Rows of a result, as many as fit into an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from sentinel_mcp.domains.documents import cut

CELL_SHARE = 4
"""A single cell may take up to this fraction of an answer; more is cut."""

CUT_CELLS = "{count} long values are cut; `substring` reads the rest."
CUT_ROWS = (
    "Cut: the first {count} rows are here and there are more. Aggregate with `summarize`, sort "
    "with `top`, or narrow the range to see what matters."
)


@dataclass(slots=True)
class Room:
    """What is left of an answer while rows are put into it."""

    rows: int
    size_bytes: int
    max_cell_chars: int
    cut_cells: int = 0
    shown_rows: int = 0
    full: bool = False

    @classmethod
    def of(cls, *, max_rows: int, max_bytes: int) -> Room:
        """Return an empty answer; a row that is too large alone still goes into it."""
        return cls(max_rows, max_bytes, max_bytes // CELL_SHARE)

    def take(self, rows: Iterable[Sequence[object]]) -> list[list[object]]:
        """Return the first rows, in order, while they fit; a cell that is too large is cut."""
        taken: list[list[object]] = []
        for row in rows:
            kept = [
                cut(cell, self.max_cell_chars) if isinstance(cell, str) else cell for cell in row
            ]
            size = len(orjson.dumps(kept)) + 1
            if self.rows == 0 or (size > self.size_bytes and self.shown_rows):
                self.full = True
                break
            taken.append(kept)
            self.rows -= 1
            self.shown_rows += 1
            self.size_bytes = max(0, self.size_bytes - size)
            self.cut_cells += sum(
                isinstance(cell, str) and len(cell) > self.max_cell_chars for cell in row
            )
        return taken

    def warnings(self, *, truncated: bool) -> list[str]:
        """Return what the answer says of what is not in it."""
        told: list[str] = []
        if truncated:
            told.append(CUT_ROWS.format(count=self.shown_rows))
        if self.cut_cells:
            told.append(CUT_CELLS.format(count=self.cut_cells))
        return told
