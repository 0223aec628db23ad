"""Bookmarks: what analysts kept while hunting."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sentinel_mcp.local.bookmark_log import row_of
from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID
from sentinel_mcp.local.scenario.cases import Case
from sentinel_mcp.local.scenario.clock import At, Clock, wire
from sentinel_mcp.local.scenario.names import PROXY_IP, TUNNEL_DOMAIN, guid
from sentinel_mcp.local.scenario.people import person
from sentinel_mcp.local.scenario.story.lateral import FILES
from sentinel_mcp.local.scenario.story.mailbox import RULE_MADE, RULE_NAME
from sentinel_mcp.local.scenario.story.phishing import VICTIM

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

_TIMES = frozenset(
    {
        "TimeGenerated",
        "CreatedTime",
        "EventTime",
        "LastUpdatedTime",
        "QueryEndTime",
        "QueryStartTime",
    }
)

INBOX_RULE = guid("bookmark", "inbox-rule")
ODD_HOURS = guid("bookmark", "odd-hours")
LONG_NAMES = guid("bookmark", "long-names")


def of(case: Case) -> Sequence[str]:
    """Return the names of the bookmarks of an incident."""
    return (INBOX_RULE,) if case.episode.key == "intrusion" else ()


def rows(clock: Clock, cases: Iterable[Case]) -> list[Body]:
    """Return the rows of the table that tells of bookmarks."""
    found = [each.body for case in cases if of(case) for each in documents(clock, case)]
    told = [row_of(each, at=each["properties"]["updated"]) for each in found]
    # The tables hold times without a zone.
    return [
        {name: cell.removesuffix("Z") if name in _TIMES else cell for name, cell in row.items()}
        for row in told
    ]


def documents(clock: Clock, intrusion: Case) -> Iterable[Document]:
    """Yield the bookmarks."""
    result = {
        "TimeGenerated": wire(clock.time(RULE_MADE)),
        "Operation": "New-InboxRule",
        "UserId": VICTIM.upn,
        "ClientIP": PROXY_IP,
        "OfficeObjectId": f"{VICTIM.upn}\\{RULE_NAME}",
        "__entityMapping": {VICTIM.upn: "Account", PROXY_IP: "IP"},
    }
    kept = _bookmark(
        INBOX_RULE,
        "Inbox rule made from the address of the risky sign-in",
        f'OfficeActivity\n| where Operation == "New-InboxRule" and ClientIP == "{PROXY_IP}"',
        result,
        "priya.nair",
        RULE_MADE.later(hours=1, minutes=20),
        clock,
        notes="Same address as the sign-in with the medium risk.",
    )
    kept["properties"] |= {
        "eventTime": wire(clock.time(RULE_MADE)),
        "tactics": ["DefenseEvasion"],
        "techniques": ["T1564"],
        "incidentInfo": {
            "incidentId": intrusion.id,
            "severity": intrusion.episode.severity,
            "title": intrusion.episode.title,
            "relationName": guid("relation", "intrusion", INBOX_RULE),
        },
    }
    yield Document("bookmarks", INBOX_RULE, kept)
    yield Document(
        "bookmarks",
        ODD_HOURS,
        _bookmark(
            ODD_HOURS,
            "Logons of privileged accounts at night",
            'SecurityEvent\n| where EventID == 4672 and Account has "adm-"\n'
            "| where hourofday(TimeGenerated) !between (6 .. 20)",
            {"Note": "Hunting idea, no result kept."},
            "jonas.weber",
            At("now", days=-6, hours=-2),
            clock,
            notes="To be turned into a rule once the maintenance calendar is in a watchlist.",
        ),
    )
    names = _bookmark(
        LONG_NAMES,
        "Hundreds of long names below one domain",
        'DnsEvents\n| where SubType == "LookupQuery" and strlen(Name) > 40\n'
        f'| where Name endswith "{TUNNEL_DOMAIN}"\n'
        "| summarize Queries = count(), Names = dcount(Name) by ClientIP",
        {"ClientIP": FILES.ip, "Queries": 640, "Names": 640},
        "jonas.weber",
        At("now", minutes=-50),
        clock,
        notes="Nothing on that server should ask for names outside.",
    )
    names["properties"] |= {
        "labels": ["hunting", "dns"],
        "tactics": ["CommandAndControl", "Exfiltration"],
        "techniques": ["T1071", "T1048"],
        "queryStartTime": wire(clock.time(At("now", days=-1))),
        "queryEndTime": wire(clock.now),
        "entityMappings": [
            _mapping("IP", "Address", FILES.ip),
            _mapping("DNS", "DomainName", TUNNEL_DOMAIN),
        ],
    }
    yield Document("bookmarks", LONG_NAMES, names)


def _mapping(kind: str, identifier: str, value: str) -> Body:
    return {"entityType": kind, "fieldMappings": [{"identifier": identifier, "value": value}]}


def _bookmark(
    name: str,
    title: str,
    query: str,
    result: Body,
    author: str,
    made: At,
    clock: Clock,
    *,
    notes: str,
) -> Body:
    who = person(author)
    by = {"objectId": who.id, "email": who.upn, "name": who.name}
    at = wire(clock.time(made))
    return {
        "id": f"{INSIGHTS_ID}/bookmarks/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/bookmarks",
        "etag": "",
        "properties": {
            "displayName": title,
            "created": at,
            "updated": at,
            "createdBy": by,
            "updatedBy": by,
            "notes": notes,
            "labels": ["hunting"],
            "query": query,
            "queryResult": json.dumps(result),
        },
    }
