"""The night: one password for everybody, and a contractor's account without a second factor."""

from __future__ import annotations

from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.events import azure, sign_in, ueba
from sentinel_mcp.local.scenario.model import Alert, Ip, Row
from sentinel_mcp.local.scenario.names import SPRAY_ASN, SPRAY_IP, VPN_POOL
from sentinel_mcp.local.scenario.people import DESKS, people, person
from sentinel_mcp.local.scenario.traffic import vpn_login

SPRAY = At("spray")
CONTRACTOR = person("daniel.reyes")
SPRAY_AGENT = "BAV2ROPC"
VPN_IP = f"{VPN_POOL}.77"

_LOCKED = frozenset({17, 38, 66, 90})
FOUND = SPRAY.later(minutes=47)


def rows() -> list[Row]:
    """Return what it left behind."""
    found: list[Row] = []
    for turn in range(2):
        for number, who in enumerate(people()[:DESKS]):
            if who == CONTRACTOR or (number + turn) % 6 == 5:
                continue
            code = "50053" if turn and number in _LOCKED else "50126"
            at = SPRAY.later(seconds=12 * number + 1550 * turn)
            found.append(_try(at, number, code))
    found += [_try(SPRAY.later(minutes=21), CONTRACTOR.number, "50126"), _success()]
    found.append(
        ueba(
            FOUND, CONTRACTOR, SPRAY_IP, "Romania",
            {
                "FirstTimeUserConnectedFromCountry": "True",
                "FirstTimeUserConnectedViaISP": "True",
                "FirstTimeUserUsedApp": "True",
            },
            8,
        )
    )  # fmt: skip
    found += [
        vpn_login(SPRAY.later(minutes=66), CONTRACTOR, SPRAY_IP, "", failed=True),
        vpn_login(SPRAY.later(minutes=68), CONTRACTOR, SPRAY_IP, VPN_IP),
        vpn_login(At("hands", minutes=-4), CONTRACTOR, SPRAY_IP, VPN_IP),
    ]
    return [*found, *_in_azure()]


def _try(at: At, number: int, code: str) -> Row:
    return sign_in(
        at, people()[number], SPRAY_IP, code=code, app="Office 365 Exchange Online", country="RO",
        city="Cluj-Napoca", asn=SPRAY_ASN, agent=SPRAY_AGENT, multifactor=False,
        client="Authenticated SMTP",
    )  # fmt: skip


def _success() -> Row:
    return sign_in(
        FOUND, CONTRACTOR, SPRAY_IP, app="Office 365 Exchange Online", country="RO",
        city="Cluj-Napoca", asn=SPRAY_ASN, agent=SPRAY_AGENT, multifactor=False,
        client="Authenticated SMTP", risk="high",
    )  # fmt: skip


def _in_azure() -> list[Row]:
    """Return what was done with the contractor's rights in the subscription."""
    signed_in = At("hands", minutes=55)
    group, account = "rg-northwind-backup", "Microsoft.Storage/storageAccounts/nwbackup01"
    return [
        sign_in(
            signed_in, CONTRACTOR, SPRAY_IP, app="Azure Portal", country="RO", city="Cluj-Napoca",
            asn=SPRAY_ASN, multifactor=False, risk="medium",
        ),
        azure(
            signed_in.later(minutes=6), "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE",
            "Create role assignment", CONTRACTOR, SPRAY_IP, group=group,
            resource="Microsoft.Authorization/roleAssignments/3f1e8b0d",
        ),
        azure(
            signed_in.later(minutes=9), "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION",
            "List Storage Account Keys", CONTRACTOR, SPRAY_IP, group=group, resource=account,
        ),
        azure(
            signed_in.later(minutes=10),
            "MICROSOFT.STORAGE/STORAGEACCOUNTS/BLOBSERVICES/CONTAINERS/WRITE",
            "Put blob container", CONTRACTOR, SPRAY_IP, group=group, resource=account,
        ),
    ]  # fmt: skip


def alerts() -> list[Alert]:
    """Return what was noticed of it."""
    return [
        Alert(
            key="spray",
            title="Password spray from one address",
            description=(
                "One address failed to sign in to many accounts within an hour, and then signed in "
                "to one of them."
            ),
            severity="High",
            first=SPRAY,
            last=FOUND,
            tactics=("CredentialAccess",),
            techniques=("T1110",),
            entities=(CONTRACTOR, Ip(SPRAY_IP)),
            rule="password-spray",
        ),
        Alert(
            key="vpn-after-spray",
            title="VPN login from an address with failed sign-ins",
            description="An address that had failed to sign in to many accounts entered by VPN.",
            severity="High",
            first=SPRAY,
            last=SPRAY.later(minutes=68),
            tactics=("InitialAccess",),
            techniques=("T1133", "T1078"),
            entities=(CONTRACTOR, Ip(SPRAY_IP)),
            rule="vpn-after-spray",
        ),
        Alert(
            key="intruder-role",
            title="Owner role assigned in a subscription",
            description="Somebody was given a role in the subscription.",
            severity="Medium",
            first=At("hands", minutes=61),
            last=At("hands", minutes=61),
            tactics=("PrivilegeEscalation", "Persistence"),
            techniques=("T1098",),
            entities=(CONTRACTOR, Ip(SPRAY_IP)),
            rule="role-assigned",
        ),
        Alert(
            key="storage-keys",
            title="Storage keys listed by an account new to this operation",
            description="An account listed the keys of a storage account after a role change.",
            severity="Medium",
            first=At("hands", minutes=61),
            last=At("hands", minutes=64),
            tactics=("CredentialAccess", "PrivilegeEscalation"),
            techniques=("T1552", "T1098"),
            entities=(CONTRACTOR, Ip(SPRAY_IP)),
            rule="storage-keys",
        ),
    ]
