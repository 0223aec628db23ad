"""The times in a row that it was written after, so that its TimeGenerated is no earlier.

Not among them: what may lie ahead (`ValidUntil`), and what a device of any clock says.
"""

from __future__ import annotations

_BY_TABLE = {
    "AuditLogs": frozenset({"ActivityDateTime"}),
    "AzureActivity": frozenset({"EventSubmissionTimestamp"}),
    "HuntingBookmark": frozenset({"CreatedTime", "UpdatedTime"}),
    "IdentityInfo": frozenset({"AccountCreationTime"}),
    "SecurityAlert": frozenset({"StartTime", "EndTime", "ProcessingEndTime"}),
    "SecurityIncident": frozenset(
        {
            "ClosedTime",
            "CreatedTime",
            "FirstActivityTime",
            "FirstModifiedTime",
            "LastActivityTime",
            "LastModifiedTime",
        }
    ),
    "SigninLogs": frozenset({"CreatedDateTime"}),
    "ThreatIntelIndicators": frozenset({"Created", "Modified"}),
    "ThreatIntelligenceIndicator": frozenset({"CreatedDateTime"}),
    "Usage": frozenset({"StartTime"}),
    "Watchlist": frozenset({"CreatedTimeUTC", "LastUpdatedTimeUTC"}),
}

_PROCESS_TIMES = frozenset(
    {
        "InitiatingProcessCreationTime",
        "InitiatingProcessParentCreationTime",
        "ProcessCreationTime",
    }
)
"""Of every table of Defender's sensor."""


def written_after(table: str) -> frozenset[str]:
    """Return those of a table."""
    listed = _BY_TABLE.get(table, frozenset())
    return listed | _PROCESS_TIMES if table.startswith("Device") else listed
