"""Solutions of the catalogue that are not installed."""

from __future__ import annotations

from sentinel_mcp.local.scenario.solutions.model import Solution, Template

_IDENTITY = ("Identity", "Security - Threat Protection")

SOLUTIONS = (
    Solution(
        "amazonwebservices",
        "Amazon Web Services",
        "3.0.7",
        None,
        "CloudTrail, VPC flow logs and GuardDuty findings.",
        ("Cloud Provider",),
        (Template("AnalyticsRule", "Console log-on without multifactor", ("InitialAccess",)),),
    ),
    Solution(
        "gcpauditlogs",
        "Google Cloud Platform Audit Logs",
        "3.0.2",
        None,
        "Audit logs of Google Cloud.",
        ("Cloud Provider",),
        (Template("DataConnector", "GCP audit logs"),),
    ),
    Solution(
        "okta",
        "Okta Single Sign-On",
        "3.1.2",
        None,
        "Sign-ins and audit events of Okta.",
        _IDENTITY,
        (Template("Parser", "OktaSSO"),),
    ),
    Solution(
        "zscaler-internet-access",
        "Zscaler Internet Access",
        "3.0.3",
        None,
        "Web and firewall logs of Zscaler.",
        ("Security - Network",),
        (),
        "Partner",
        "Zscaler",
    ),
    Solution(
        "ciscoumbrella",
        "Cisco Umbrella",
        "3.0.5",
        None,
        "DNS, proxy and firewall logs of Umbrella.",
        ("Security - Network",),
        (),
        "Partner",
        "Cisco",
    ),
    Solution(
        "cloudidentity",
        "Cloud Identity Threat Protection Essentials",
        "3.0.2",
        None,
        "Rules and hunting queries for identities in the cloud.",
        _IDENTITY,
        (Template("HuntingQuery", "Applications with new permissions", ("Persistence",)),),
    ),
    Solution(
        "zerotrust-tic30",
        "Zero Trust (TIC 3.0)",
        "3.0.1",
        None,
        "A workbook that shows how far an estate follows the zero trust model.",
        ("Compliance",),
        (Template("Workbook", "Zero trust"),),
    ),
    Solution(
        "githubaudit",
        "Git hosting audit",
        "1.2.0",
        None,
        "Audit events of a hosted Git service.",
        ("DevOps",),
        (),
        "Community",
        "Community",
        preview=True,
    ),
)
