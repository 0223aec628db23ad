"""The refusals of Azure's REST, as its clients see them.

Two services speak here. Resource Manager answers ``{"error": {"code", "message"}}``; Log Analytics
adds ``innererror`` within ``innererror``, of which the innermost is the one that tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sentinel_mcp.errors import SentinelError

Body = dict[str, Any]
"""A JSON object of the wire."""

UNSUPPORTED = "UnsupportedLocally"
"""The innermost code of whatever Azure has and the embedded workspace has not; only ours."""

HINT = "hint"
"""The one member of `innererror` that is ours: what to do, beside what went wrong."""


class Fault(Exception):
    """An answer that refuses.

    Not a SentinelError: it never leaves the emulated service but as an HTTP answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.headers = dict(headers or {})

    def body(self) -> Body:
        """Return the answer's body."""
        error: Body = {"code": self.code, "message": self.message}
        if self.inner:
            error["innererror"] = dict(self.inner)
        return {"error": error}


def levels(fault: Fault) -> list[Body]:
    """Return what a refusal says, from the outside in; the last is the one that tells."""
    found: list[Body] = [{"code": fault.code, "message": fault.message}]
    inner: Any = fault.inner
    while isinstance(inner, Mapping) and inner:
        found.append(dict(cast("Mapping[str, Any]", inner)))
        inner = found[-1].get("innererror")
    return found


def bad_request(message: str) -> Fault:
    """Resource Manager's refusal of a request that it cannot take."""
    return Fault(400, "BadRequest", message)


def bad_argument(code: str, message: str, **more: Any) -> Fault:
    """Log Analytics' refusal of a request; `code` and `message` become the innermost error."""
    return Fault(
        400,
        "BadArgumentError",
        "The request had some invalid properties",
        inner={"code": code, "message": message, **more},
    )


def of_error(error: SentinelError, code: str) -> Fault:
    """Log Analytics' refusal for an error of ours, its hint kept."""
    more = {HINT: error.hint} if error.hint else {}
    return bad_argument(code, error.message, **more)


def not_found(kind: str, name: str) -> Fault:
    """Microsoft Sentinel's answer for a thing that it does not have."""
    return Fault(404, "NotFound", f"{kind} {name!r} does not exist.")


def not_implemented(operation: str, method: str, api_version: str) -> Fault:
    """Refuse an operation that the embedded workspace does not have, by name."""
    message = (
        f"The embedded workspace does not have the operation {operation} "
        f"({method}, api-version {api_version or 'none'})."
    )
    inner = {"code": UNSUPPORTED, "message": message}
    return Fault(501, "NotImplemented", message, inner=inner)
