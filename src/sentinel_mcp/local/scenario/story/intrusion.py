"""The incident that the story is about."""

from __future__ import annotations

from sentinel_mcp.local.scenario.model import Alert, Comment, Episode, Ip, Task
from sentinel_mcp.local.scenario.names import C2_IP, PROXY_IP, SPRAY_IP
from sentinel_mcp.local.scenario.story import exfiltration, lateral, mailbox, phishing, spray

PARTS = (phishing, mailbox, spray, lateral, exfiltration)


def episode() -> Episode:
    """Return it, with everything that was found."""
    return Episode(
        key="intrusion",
        title="Multi-stage incident involving Initial access & Exfiltration on multiple endpoints "
        "reported by multiple sources",
        description=(
            "Alerts from several products about the same accounts, machines and addresses: a "
            "phishing mail, a stolen session, a password spray, lateral movement with PsExec, a "
            "credential dump and a large upload."
        ),
        severity="High",
        alerts=[*(alert for part in PARTS for alert in part.alerts()), _fusion()],
        rows=[row for part in PARTS for row in part.rows()],
        status="Active",
        owner="priya.nair",
        labels=("Phishing", "Credential theft"),
        comments=(
            Comment(
                "priya.nair", 40,
                "Looked at the click of elena.marsh. She says the page looked like our sign-in and "
                "asked for her code. Session revocation requested from identity team, not "
                "confirmed yet.",
            ),
            Comment(
                "jonas.weber", 95,
                "New authenticator on her account is not hers. There is also a consent to an app "
                "I do not know. Please check before closing.",
            ),
        ),
        tasks=(
            Task("Revoke sessions of elena.marsh", "Revoke refresh tokens and reset the password."),
            Task(
                "Find all recipients of the mail",
                "Search for the sender's domain and pull back what was delivered.", done=True,
            ),
            Task("Isolate affected machines", "Decide with IT operations before servers."),
            Task("Tell the data protection officer", "Once it is clear what left the company."),
        ),
        taken_after_min=18,
    )  # fmt: skip


def _fusion() -> Alert:
    hands = lateral.HANDS
    return Alert(
        key="fusion",
        title="Possible multistage attack activities detected by Fusion",
        description=(
            "Fusion found alerts of several kill chain stages that share accounts, machines and "
            "addresses."
        ),
        severity="High",
        first=phishing.MAIL.later(minutes=9),
        last=hands.later(minutes=190),
        tactics=("InitialAccess", "CredentialAccess", "LateralMovement", "Exfiltration"),
        techniques=("T1566", "T1110", "T1021", "T1041"),
        entities=(
            phishing.VICTIM, spray.CONTRACTOR, lateral.ADMIN, lateral.DESK, lateral.FILES,
            lateral.DATABASE, Ip(PROXY_IP), Ip(SPRAY_IP), Ip(C2_IP),
        ),
        rule="fusion",
    )  # fmt: skip
