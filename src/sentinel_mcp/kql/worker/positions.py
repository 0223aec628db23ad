"""Where things stand in a query: .NET counts UTF-16 units, people count lines and characters."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from sentinel_mcp.kql.worker.kusto import Node


class Positions:
    """Translates Kusto.Language's offsets into one query's text."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Each character beyond the first plane is two units; their unit offsets, in order.
        self._wide = (
            []
            if text.isascii()
            else [
                index + before
                for before, index in enumerate(
                    index for index, each in enumerate(text) if ord(each) > 0xFFFF
                )
            ]
        )
        self._lines = [0]
        end = text.find("\n")
        while end >= 0:
            self._lines.append(end + 1)
            end = text.find("\n", end + 1)

    def index(self, offset: int) -> int:
        """Return the index into the text of a .NET offset."""
        return offset - bisect_left(self._wide, offset) if self._wide else offset

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column, from 1, of a .NET offset."""
        index = min(self.index(offset), len(self.text))
        line = bisect_right(self._lines, index)
        return line, index - self._lines[line - 1] + 1

    def slice(self, start: int, length: int) -> str:
        """Return the text of a .NET span."""
        return self.text[self.index(start) : self.index(start + length)]

    def length(self, start: int, length: int) -> int:
        """Return how many characters a .NET span has."""
        return self.index(start + length) - self.index(start)

    def of(self, node: Node) -> tuple[int, int]:
        """Return line and column of a node's first token."""
        return self.place(node.TextStart)

    def source(self, node: Node) -> str:
        """Return a node's own text, comments between its tokens included."""
        return self.slice(node.TextStart, node.Width)
