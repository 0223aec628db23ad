"""Why an incident was closed: the classifications there are, and the reasons of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sentinel_mcp.errors import InputError

Classification = Literal["Undetermined", "TruePositive", "BenignPositive", "FalsePositive"]
Reason = Literal[
    "SuspiciousActivity", "SuspiciousButExpected", "IncorrectAlertLogic", "InaccurateData"
]

REASONS: Mapping[Classification, tuple[Reason, ...]] = {
    "Undetermined": (),
    "TruePositive": ("SuspiciousActivity",),
    "BenignPositive": ("SuspiciousButExpected",),
    "FalsePositive": ("IncorrectAlertLogic", "InaccurateData"),
}
"""The pairs that Azure takes; the portal offers no others."""


def reason_for(classification: Classification, reason: Reason | None) -> Reason | None:
    """Return the reason to be written: the only one that fits, where none is given.

    Raises:
        InputError: the reason does not fit, or one of several has to be chosen.

    """
    fitting = REASONS[classification]
    if reason is None and len(fitting) < 2:
        return fitting[0] if fitting else None
    if reason in fitting:
        return reason
    if not fitting:
        raise InputError(
            f"{classification} has no reason.", hint="Leave `classification_reason` out."
        )
    said = "needs a reason" if reason is None else f"cannot have the reason {reason}"
    raise InputError(
        f"{classification} {said}.",
        hint=f"Set `classification_reason` to {' or '.join(fitting)}.",
    )
