"""The answer where no right rewriting is known."""

from __future__ import annotations


class Refused(Exception):
    """A construct that would be run wrongly, or not at all."""

    def __init__(self, construct: str, reason: str) -> None:
        super().__init__(f"{construct}: {reason}")
        self.construct = construct
        self.reason = reason
