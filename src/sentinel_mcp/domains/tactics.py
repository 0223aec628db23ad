"""The tactics of MITRE ATT&CK, as Microsoft Sentinel spells them."""

from __future__ import annotations

from typing import Literal

EnterpriseTactic = Literal[
    "Reconnaissance",
    "ResourceDevelopment",
    "InitialAccess",
    "Execution",
    "Persistence",
    "PrivilegeEscalation",
    "DefenseEvasion",
    "CredentialAccess",
    "Discovery",
    "LateralMovement",
    "Collection",
    "CommandAndControl",
    "Exfiltration",
    "Impact",
]

IcsTactic = Literal["ImpairProcessControl", "InhibitResponseFunction"]
"""What the matrix of industrial systems has beside the others; its Evasion is DefenseEvasion."""

Tactic = Literal[EnterpriseTactic, "PreAttack", IcsTactic]
