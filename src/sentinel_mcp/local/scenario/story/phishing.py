"""First day, morning: a mail, a proxy in front of the sign-in page, and a stolen session."""

from __future__ import annotations

from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.events import (
    account_target,
    audit,
    link_clicked,
    mail_received,
    sign_in,
    ueba,
)
from sentinel_mcp.local.scenario.model import Alert, Ip, Mail, Row, Url
from sentinel_mcp.local.scenario.names import (
    PHISH_SENDER,
    PHISH_SENDER_IP,
    PHISH_SUBJECT,
    PROXY_ASN,
    PROXY_IP,
    PROXY_URL,
    ROGUE_APP,
    guid,
)
from sentinel_mcp.local.scenario.people import Person, people, person

MAIL = At("mail")
VICTIM = person("elena.marsh")

# Two of the fourteen messages were stopped; of those who got one, three clicked.
_COLLEAGUES = [each for each in people() if each.department == "Finance" and each != VICTIM]
_OTHERS = [each for each in people() if each.department == "Human Resources"]
_RECIPIENTS = (VICTIM, *_COLLEAGUES[:8], *_OTHERS[:5])
_STOPPED = 2
_CLICKED = (VICTIM, _RECIPIENTS[3], _RECIPIENTS[10])

# What the kit of the proxy signs in with, once it has the session.
KIT_AGENT = "axios/1.7.2"
ROGUE_APP_ID = guid("app", ROGUE_APP)


def mail_to(who: Person, number: int) -> Mail:
    """Return the phishing mail as one of its recipients got it."""
    return Mail(
        guid("phish", number), who, PHISH_SENDER, PHISH_SENDER_IP, PHISH_SUBJECT, PROXY_URL,
        MAIL.later(seconds=7 * number),
    )  # fmt: skip


MAILS = tuple(mail_to(who, number) for number, who in enumerate(_RECIPIENTS))
VICTIM_MAIL = MAILS[0]


def rows() -> list[Row]:
    """Return what it left behind."""
    found: list[Row] = []
    last = len(MAILS) - _STOPPED
    for number, mail in enumerate(MAILS):
        delivered = number < last
        found += mail_received(mail, delivered=delivered, threat="" if delivered else "Phish")
    for number, who in enumerate(_CLICKED):
        mail = next(each for each in MAILS if each.recipient == who)
        # Safe Links knew the address only after the first click.
        found.append(
            link_clicked(
                MAIL.later(minutes=9 + 6 * number), mail, who.home_ip, allowed=who == VICTIM
            )
        )
    return [*found, *_session_stolen(), *_foothold()]


def _session_stolen() -> list[Row]:
    stolen = MAIL.later(minutes=12)
    found = [
        sign_in(
            stolen, VICTIM, PROXY_IP, country="US", city="Ashburn", asn=PROXY_ASN,
            detail="MFA completed in Azure AD", risk="medium",
        ),
        ueba(
            stolen, VICTIM, PROXY_IP, "United States",
            {
                "FirstTimeUserConnectedFromCountry": "True",
                "FirstTimeUserConnectedViaISP": "True",
                "CountryUncommonlyConnectedFromAmongPeers": "True",
            },
            7,
        ),
    ]  # fmt: skip
    apps = ("Office 365 Exchange Online", "Office 365 SharePoint Online", "Microsoft Graph")
    found += [
        sign_in(
            MAIL.later(minutes=13 + 11 * number), VICTIM, PROXY_IP, app=apps[number % 3],
            country="US", city="Ashburn", asn=PROXY_ASN, agent=KIT_AGENT, interactive=False,
            detail="MFA requirement satisfied by claim in the token",
            client="Mobile Apps and Desktop clients",
        )
        for number in range(34)
    ]  # fmt: skip
    # Meanwhile she works on, from where she always does.
    found += [
        sign_in(
            MAIL.later(minutes=20 + 45 * number), VICTIM, "198.51.100.10",
            app="Office 365 Exchange Online", managed=True, asn="64500",
        )
        for number in range(3)
    ]  # fmt: skip
    return found


def _foothold() -> list[Row]:
    return [
        audit(
            MAIL.later(minutes=25), "User registered security info", VICTIM, PROXY_IP,
            category="UserManagement", service="Authentication Methods",
            targets=[account_target(VICTIM)],
            reason="User registered Authenticator App with Notification and Code",
        ),
        audit(
            MAIL.later(minutes=31), "Consent to application", VICTIM, PROXY_IP,
            category="ApplicationManagement",
            targets=[
                {
                    "id": ROGUE_APP_ID,
                    "displayName": ROGUE_APP,
                    "type": "ServicePrincipal",
                    "modifiedProperties": [
                        {
                            "displayName": "ConsentAction.Permissions",
                            "oldValue": "[]",
                            "newValue": "[Scope: Mail.Read Files.Read.All offline_access]",
                        },
                        {"displayName": "ConsentContext.IsAdminConsent", "newValue": "False"},
                    ],
                }
            ],
            details=[{"key": "User-Agent", "value": KIT_AGENT}],
        ),
        audit(
            MAIL.later(minutes=31, seconds=2), "Add service principal", VICTIM, PROXY_IP,
            category="ApplicationManagement",
            targets=[
                {"id": ROGUE_APP_ID, "displayName": ROGUE_APP, "type": "ServicePrincipal"}
            ],
        ),
    ]  # fmt: skip


def alerts() -> list[Alert]:
    """Return what was noticed of it."""
    return [
        Alert(
            key="phish-click",
            title="A potentially malicious URL click was detected",
            description=(
                "A user opened a link in a mail that was later found to lead to a phishing page."
            ),
            severity="Medium",
            first=MAIL.later(minutes=9),
            last=MAIL.later(minutes=9),
            tactics=("InitialAccess",),
            techniques=("T1566",),
            entities=(VICTIM, VICTIM_MAIL, Url(PROXY_URL), Ip(PHISH_SENDER_IP)),
            product="Office 365 Advanced Threat Protection",
            delay_min=14,
        ),
        Alert(
            key="anomalous-token",
            title="Anomalous Token",
            description=(
                "The sign-in used a session token with unusual characteristics: another address, "
                "network and client than the session began with."
            ),
            severity="High",
            first=MAIL.later(minutes=12),
            last=MAIL.later(minutes=35),
            tactics=("CredentialAccess",),
            techniques=("T1528",),
            entities=(VICTIM, Ip(PROXY_IP)),
            product="Azure Active Directory Identity Protection",
            delay_min=20,
        ),
        Alert(
            key="mfa-after-risk",
            title="Security info registered after a risky sign-in",
            description="A new sign-in method was registered from an address with a risky sign-in.",
            severity="Medium",
            first=MAIL.later(minutes=12),
            last=MAIL.later(minutes=25),
            tactics=("Persistence", "CredentialAccess"),
            techniques=("T1098", "T1556"),
            entities=(VICTIM, Ip(PROXY_IP)),
            rule="mfa-after-risk",
        ),
    ]
