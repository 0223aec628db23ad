"""What a tool does to the world, stated once for each kind of tool."""

from __future__ import annotations

from mcp.types import ToolAnnotations

READS_AZURE = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
"""Asks the workspace, changes nothing."""

READS_SERVER = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
"""Answers from this server alone."""

STARTS_WORK = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=False, open_world_hint=True
)
"""Begins a task that reads the workspace; each call begins another."""

STOPS_WORK = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
"""Ends work of this server; the workspace stays as it is."""

ADDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
"""Adds to the workspace, changes nothing that is there; the same id again adds nothing."""

CHANGES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)
"""Changes or deletes what is in the workspace; the same call again changes nothing more."""

ACTS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)
"""Sets something off outside; each call does it again."""

WRITES = "writes"
"""The tag of every tool that changes the workspace: hidden unless writes are allowed."""
