"""The command `sentinel-mcp`."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # Imported here, so that other modules of the package cost nothing until they are used.
    from sentinel_mcp.cli.entry import run

    return run(arguments)
