"""What each rule's query finds in a window, in SQL.

The rows of the scenario decide, not its author: a row that noise adds is counted as well. A test
compares every statement with the rule's own KQL.

Each statement reads `span`, the windows of one rule from `a` to `b` with the number `i` of their
run, and returns `i` and how many rows the query has there.
"""

from __future__ import annotations

from collections.abc import Mapping

_JOIN = "FROM span JOIN {table} e ON e.TimeGenerated >= a AND e.TimeGenerated <= b"


def _rows(table: str, condition: str) -> str:
    """Return the statement of a query that returns the rows that meet a condition."""
    return f"SELECT i, count(*) AS amount {_JOIN.format(table=table)} WHERE {condition} GROUP BY i"


def _groups(table: str, condition: str, keys: str, having: str) -> str:
    """Return the statement of a query that returns the groups that meet a condition."""
    return (
        f"SELECT i, count(*) AS amount FROM (SELECT i {_JOIN.format(table=table)} "  # noqa: S608 - all text is this package's own
        f"WHERE {condition} GROUP BY i, {keys} HAVING {having}) GROUP BY i"
    )


def _pairs(first: str, second: str, condition: str) -> str:
    """Return the statement of a query that joins rows of a window, `e` with `f`."""
    return (
        f"SELECT i, count(*) AS amount {_JOIN.format(table=first)} "
        f"JOIN {second} f ON f.TimeGenerated >= a AND f.TimeGenerated <= b "
        f"WHERE {condition} GROUP BY i"
    )


_ROLE = (
    "upper({0}.OperationNameValue) = 'MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE' "
    "AND {0}.ActivityStatusValue = 'Success'"
)
_WEB_ADDRESS = (
    "NOT (e.DestinationIP LIKE '10.%' OR e.DestinationIP LIKE '192.168.%' "
    "OR regexp_matches(e.DestinationIP, '^172\\.(1[6-9]|2[0-9]|3[01])\\.'))"
)

RESULTS: Mapping[str, str] = {
    "password-spray": _groups(
        "SigninLogs", "e.ResultType IN ('50126', '50053')", "e.IPAddress",
        "count(DISTINCT e.UserPrincipalName) >= 20",
    ),
    "failed-signins": _groups(
        "SigninLogs", "e.ResultType = '50126'", "e.UserPrincipalName", "count(*) > 10"
    ),
    "mfa-after-risk": _pairs(
        "AuditLogs", "SigninLogs",
        "e.OperationName = 'User registered security info' "
        "AND f.RiskLevelDuringSignIn IN ('medium', 'high') "
        "AND (e.InitiatedBy->'user'->>'userPrincipalName') = f.UserPrincipalName "
        "AND (e.InitiatedBy->'user'->>'ipAddress') = f.IPAddress "
        "AND e.TimeGenerated >= f.TimeGenerated "
        "AND e.TimeGenerated < f.TimeGenerated + INTERVAL 2 HOUR",
    ),
    "inbox-rule": _rows(
        "OfficeActivity",
        "e.Operation IN ('New-InboxRule', 'Set-InboxRule') "
        "AND regexp_matches(e.Parameters, '(?i)\\b(MarkAsRead|DeleteMessage|MoveToFolder)\\b') "
        "AND regexp_matches(e.Parameters, '(?i)\\b(invoice|payment|phish|helpdesk|password)\\b')",
    ),
    "mail-forwarding": _rows(
        "OfficeActivity",
        "e.Operation IN ('Set-Mailbox', 'New-InboxRule', 'Set-InboxRule') "
        "AND regexp_matches(e.Parameters, '(?i)\\b(ForwardingSmtpAddress|ForwardTo|RedirectTo)\\b')"
        " AND NOT contains(lower(e.Parameters), '@northwind.example')",
    ),
    "mass-download": _groups(
        "OfficeActivity", "e.Operation = 'FileDownloaded'", "e.UserId, e.ClientIP",
        "count(DISTINCT e.OfficeObjectId) > 100",
    ),
    "role-assigned": _rows("AzureActivity", _ROLE.format("e")),
    "storage-keys": _pairs(
        "AzureActivity", "AzureActivity",
        "upper(e.OperationNameValue) = 'MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION' "
        f"AND {_ROLE.format('f')} AND e.Caller = f.Caller "
        "AND e.TimeGenerated >= f.TimeGenerated "
        "AND e.TimeGenerated < f.TimeGenerated + INTERVAL 1 HOUR",
    ),
    "vpn-after-spray": (
        f"SELECT span.i, count(*) AS amount {_JOIN.format(table='CommonSecurityLog')} "
        "JOIN (SELECT i, e.IPAddress AS address "
        f"{_JOIN.format(table='SigninLogs')} WHERE e.ResultType = '50126' "
        "GROUP BY i, e.IPAddress HAVING count(*) > 10) failing "
        "ON failing.i = span.i AND failing.address = e.SourceIP "
        "WHERE e.Activity = 'GLOBALPROTECT' AND e.EventOutcome = 'success' GROUP BY span.i"
    ),
    "psexec-service": _rows(
        "SecurityEvent",
        "e.EventID = 4697 AND (contains(upper(e.ServiceFileName), 'PSEXESVC') "
        "OR (starts_with(lower(e.ServiceFileName), '%systemroot%\\') "
        "AND length(e.ServiceName) = 8))",
    ),
    "lsass-dump": _rows(
        "DeviceProcessEvents",
        "(lower(e.FileName) = 'rundll32.exe' "
        "AND regexp_matches(e.ProcessCommandLine, '(?i)\\bcomsvcs\\b') "
        "AND regexp_matches(e.ProcessCommandLine, '(?i)\\bMiniDump\\b')) "
        "OR (starts_with(lower(e.FileName), 'procdump') "
        "AND regexp_matches(e.ProcessCommandLine, '(?i)\\blsass\\b'))",
    ),
    "log-cleared": _rows("SecurityEvent", "e.EventID = 1102"),
    "privileged-group": _rows(
        "SecurityEvent",
        "e.EventID IN (4728, 4732, 4756) AND regexp_matches(e.TargetAccount, "
        "'(?i)\\b(Domain Admins|Enterprise Admins|Server Operators)\\b')",
    ),
    "failed-logons": _groups(
        "SecurityEvent", "e.EventID = 4625 AND e.IpAddress <> ''", "e.IpAddress", "count(*) > 20"
    ),
    "ssh-guessing": _groups(
        "Syslog",
        "e.ProcessName = 'sshd' AND starts_with(e.SyslogMessage, 'Failed password')",
        "regexp_extract(e.SyslogMessage, 'from (\\S+) port', 1), e.Computer", "count(*) > 50",
    ),
    "encoded-powershell": _rows(
        "DeviceProcessEvents",
        "lower(e.FileName) IN ('powershell.exe', 'pwsh.exe') "
        "AND regexp_matches(e.ProcessCommandLine, '(?i)\\s-e(nc|ncodedcommand)\\s')",
    ),
    # Two weeks of indicators, and one hour of connections.
    "ti-match": (
        "SELECT i, count(*) AS amount FROM (SELECT i, e.DeviceName, e.RemoteIP FROM span "
        "JOIN DeviceNetworkEvents e ON e.TimeGenerated > b - INTERVAL 1 HOUR "
        "AND e.TimeGenerated <= b "
        "JOIN ThreatIntelIndicators f ON f.TimeGenerated >= a AND f.TimeGenerated <= b "
        "AND f.ObservableValue = e.RemoteIP WHERE e.RemoteIPType = 'Public' AND f.IsActive "
        "AND f.ObservableKey = 'ipv4-addr:value' AND f.Confidence >= 50 "
        "GROUP BY i, e.DeviceName, e.RemoteIP) GROUP BY i"
    ),
    "dns-tunnel": _groups(
        "DnsEvents", "e.SubType = 'LookupQuery' AND e.QueryType = 'TXT'",
        "e.ClientIP, array_to_string(string_split(e.Name, '.')[-2:], '.')",
        "count(*) > 100 AND avg(length(string_split(e.Name, '.')[1])) > 30",
    ),
    "large-upload": _groups(
        "CommonSecurityLog",
        f"e.Activity = 'TRAFFIC' AND e.DeviceAction = 'allow' AND {_WEB_ADDRESS}",
        "e.SourceIP, e.DestinationIP", "sum(e.SentBytes) / 1048576.0 > 1000",
    ),
    "heartbeat-lost": _groups(
        "Heartbeat", "true", "e.Computer, e.OSType",
        "max(e.TimeGenerated) < any_value(b) - INTERVAL 15 MINUTE",
    ),
}  # fmt: skip
"""By the key of the rule."""
