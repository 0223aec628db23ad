"""Turns rows into the JSON of an answer, chunk by chunk and no further than Azure goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import orjson

MAX_ROWS = 500_000
MAX_BYTES = 100 * 1024 * 1024
"""Azure Monitor's limits: learn.microsoft.com/azure/azure-monitor/service-limits, 2026-03."""

CHUNK_BYTES = 256 * 1024
CHUNK_CELLS = 10_000
"""Some 2 ms of work: whatever else the event loop has to do does not wait longer."""

FIRST_ROWS = 500


class RowWriter:
    """Writes rows until there are no more, or a limit is reached."""

    def __init__(
        self,
        rows: Iterable[Sequence[object]],
        width: int,
        *,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._rows = iter(rows)
        self._most = max(1, CHUNK_CELLS // max(1, width))
        self._next = min(FIRST_ROWS, self._most)
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self.count = 0
        self.size_bytes = 0
        self.done = False
        self.cut: str | None = None

    def take(self) -> bytes:
        """Return the next rows as the inside of a JSON array, and see whether they are the last."""
        rows = list(islice(self._rows, self._next))
        self.done = len(rows) < self._next
        if self.count + len(rows) > self._max_rows:
            del rows[self._max_rows - self.count :]
            self._stop(f"record count limit {self._max_rows}")
        if not rows:
            return b""
        written = orjson.dumps(rows)[1:-1]
        if self.size_bytes + len(written) > self._max_bytes:
            self._stop(f"data size limit {self._max_bytes}")
            return b""
        joined = b"," + written if self.count else written
        self.count += len(rows)
        self.size_bytes += len(joined)
        # As many rows as were CHUNK_BYTES so far: rows may be anything from 2 bytes to a megabyte.
        self._next = max(1, min(self._most, CHUNK_BYTES * self.count // self.size_bytes))
        return joined

    def close(self) -> None:
        """Read no more; an engine that was still at it is told."""
        if end := getattr(self._rows, "close", None):  # generators have it, lists do not
            end()
        self._rows = iter(())

    def _stop(self, limit: str) -> None:
        self.done = True
        self.cut = limit
