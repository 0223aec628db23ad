"""Hunts: what the analysts set out to find, with what they noted and collected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID, RESOURCE_ID
from sentinel_mcp.local.scenario.bookmarks import INBOX_RULE, LONG_NAMES, ODD_HOURS
from sentinel_mcp.local.scenario.clock import At, Clock, wire
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.people import person
from sentinel_mcp.local.scenario.saved_searches import hunting_queries

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

Status = Literal["New", "Active", "Closed", "Backlog", "Approved", "Succeeded", "Failed"]
Hypothesis = Literal["Unknown", "Invalidated", "Validated"]


@dataclass(frozen=True, slots=True)
class _Hunt:
    """A hunt as its owner writes it."""

    key: str
    title: str
    hypothesis: str
    status: Status
    outcome: Hypothesis
    tactics: Sequence[str]
    techniques: Sequence[str]
    owner: str | None
    labels: Sequence[str] = ()
    bookmarks: Sequence[str] = ()
    queries: Sequence[str] = ()
    """Keys of the saved searches it goes by."""
    comments: Sequence[tuple[str, At, str]] = ()


_HUNTS = (
    _Hunt(
        key="session-theft",
        title="Sessions stolen through a look-alike sign-in page",
        hypothesis=(
            "Somebody relays sign-ins through a page that looks like ours and keeps the session: "
            "we should see a risky sign-in, a new sign-in method and mail read by a script."
        ),
        status="Active",
        outcome="Validated",
        tactics=("InitialAccess", "CredentialAccess", "Collection"),
        techniques=("T1566.002", "T1528", "T1114"),
        owner="priya.nair",
        labels=("phishing", "finance"),
        bookmarks=(INBOX_RULE,),
        queries=("lookalike-links", "scripted-client", "inbox-rules"),
        comments=(
            ("priya.nair", At("mail", hours=3), "One click led to a sign-in; the others did not."),
            ("aiko.tanaka", At("mail", hours=5), "Take the finance team first, then the board."),
        ),
    ),
    _Hunt(
        key="night-admins",
        title="Administrators at work in the night",
        hypothesis="Privileged log-ons outside the change windows have no ticket behind them.",
        status="Backlog",
        outcome="Unknown",
        tactics=("PrivilegeEscalation", "LateralMovement"),
        techniques=("T1078.002", "T1021"),
        owner="jonas.weber",
        labels=("identity",),
        bookmarks=(ODD_HOURS,),
        queries=("weak-tickets", "remote-services"),
        comments=(
            ("jonas.weber", At("now", days=-5), "Waits for the maintenance calendar."),
        ),
    ),
    _Hunt(
        key="dns-channel",
        title="Data carried out in DNS names",
        hypothesis="A channel in DNS shows as many long, unique names below one domain.",
        status="New",
        outcome="Unknown",
        tactics=("CommandAndControl", "Exfiltration"),
        techniques=("T1071.004", "T1048"),
        owner=None,
        bookmarks=(LONG_NAMES,),
        queries=("dns-length",),
    ),
)  # fmt: skip


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the hunts, and what belongs to each."""
    for hunt in _HUNTS:
        name = guid("hunt", hunt.key)
        yield Document("hunts", name, _document("hunts", name, _properties(hunt)))
        for author, at, message in hunt.comments:
            yield _comment(name, person(author).upn, wire(clock.time(at)), message)
        for related in _related(hunt):
            yield _relation(name, related)


def _properties(hunt: _Hunt) -> Body:
    owner = person(hunt.owner) if hunt.owner else None
    return {
        "displayName": hunt.title,
        "description": hunt.hypothesis,
        "status": hunt.status,
        "hypothesisStatus": hunt.outcome,
        "attackTactics": list(hunt.tactics),
        "attackTechniques": list(hunt.techniques),
        "labels": list(hunt.labels),
        "owner": {
            "objectId": owner.id if owner else None,
            "email": owner.upn if owner else None,
            "assignedTo": owner.name if owner else None,
            "userPrincipalName": owner.upn if owner else None,
            "ownerType": "User" if owner else None,
        },
    }


def _related(hunt: _Hunt) -> list[str]:
    queries = {each.key: each.id for each in hunting_queries()}
    return [
        *(f"{INSIGHTS_ID}/Bookmarks/{each}" for each in hunt.bookmarks),
        *(f"{RESOURCE_ID}/savedSearches/{queries[each]}" for each in hunt.queries),
    ]


def _comment(hunt: str, author: str, at: str, message: str) -> Document:
    name = guid("hunt comment", hunt, message)
    body = _document(f"hunts/{hunt}/comments", name, {"message": message})
    body["systemData"] = {
        "createdAt": at,
        "createdBy": author,
        "createdByType": "User",
        "lastModifiedAt": at,
        "lastModifiedBy": author,
        "lastModifiedByType": "User",
    }
    return Document("huntComments", name, body, parent=hunt)


def _relation(hunt: str, related: str) -> Document:
    name = guid("hunt relation", hunt, related)
    kind, _, related_name = related.rpartition("/")
    segment = kind.rpartition("/")[2]
    in_sentinel = segment == "Bookmarks"
    provider = "Microsoft.SecurityInsights" if in_sentinel else "Microsoft.OperationalInsights"
    properties: Body = {
        "relatedResourceId": related,
        "relatedResourceName": related_name,
        "relatedResourceType": f"{provider}/{segment}",
        "labels": [],
    }
    body = _document(f"hunts/{hunt}/relations", name, properties)
    return Document("huntRelations", name, body, parent=hunt)


def _document(path: str, name: str, properties: Body) -> Body:
    segments = path.split("/")
    return {
        "id": f"{INSIGHTS_ID}/{path}/{name}",
        "name": name,
        "type": "/".join(["Microsoft.SecurityInsights", *segments[::2]]),
        "etag": "",
        "properties": properties,
    }
