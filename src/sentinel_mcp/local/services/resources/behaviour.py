"""Resources that are only read, one kind after the other."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body, not_found


@dataclass(frozen=True, slots=True)
class Shelf:
    """All resources of one kind; `noun` is what one of them is called."""

    documents: Documents
    kind: str
    noun: str

    def list(self) -> list[Body]:
        """Return them all, in the order in which they were made."""
        return self.documents.list(self.kind)

    def get(self, name: str) -> Body:
        """Return one of them."""
        found = self.documents.get(self.kind, name)
        if found is None:
            raise not_found(self.noun, name)
        return found
