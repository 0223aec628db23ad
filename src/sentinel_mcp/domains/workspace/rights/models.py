"""What the server's identity may do, as `check_permissions` tells it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from sentinel_mcp.domains.calls import Failure

Access = Literal["yes", "partly", "no", "unknown", "none"]
"""`none`: the toolset has nothing of the kind."""

Source = Literal["azure_roles", "probes"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class ToolsetAccess(_Frozen):
    """Whether the tools of a toolset can read and write, and what is missing."""

    toolset: str
    read: Access
    write: Access
    missing: list[str] = []
    grant: list[str] = []
    note: str | None = None
    error: Failure | None = None


class Grant(_Frozen):
    """A built-in role to assign, where, and the toolsets that it opens."""

    role: str
    scope: str
    read: list[str]
    write: list[str]


class PermissionReport(_Frozen):
    """What the identity may do with a workspace, toolset by toolset."""

    workspace: str
    source: Source
    writes_allowed_here: bool
    toolsets: list[ToolsetAccess]
    grants: list[Grant]
    warnings: list[str] = []
