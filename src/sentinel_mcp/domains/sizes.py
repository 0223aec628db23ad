"""What a part of an answer weighs."""

from __future__ import annotations

from pydantic import BaseModel


def size_bytes(part: BaseModel) -> int:
    """Return the bytes of a part as JSON: in many scripts a letter weighs several."""
    return len(part.model_dump_json().encode())
