"""What a written episode is made of: rows in tables, alerts about them, and an incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.estate import Host
from sentinel_mcp.local.scenario.people import Person

Severity = Literal["High", "Medium", "Low", "Informational"]
Status = Literal["New", "Active", "Closed"]
Verdict = Literal[
    "TruePositive/SuspiciousActivity",
    "BenignPositive/SuspiciousButExpected",
    "FalsePositive/IncorrectAlertLogic",
    "FalsePositive/InaccurateData",
    "Undetermined/",
]
"""A classification and its reason, as Sentinel pairs them."""

Product = Literal[
    "Azure Sentinel",
    "Microsoft Defender Advanced Threat Protection",
    "Office 365 Advanced Threat Protection",
    "Azure Active Directory Identity Protection",
    "Microsoft Cloud App Security",
]


@dataclass(frozen=True, slots=True)
class Row:
    """One written event. Any: a cell is of its column's type, or JSON for a dynamic column."""

    table: str
    at: At
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ip:
    """An address."""

    address: str


@dataclass(frozen=True, slots=True)
class Url:
    """A link."""

    url: str


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a machine, and the file that it runs."""

    host: Host
    file: str
    folder: str
    command: str
    id: int


@dataclass(frozen=True, slots=True)
class File:
    """A file by its name, with the hash that goes with it."""

    name: str
    folder: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Somebody's mailbox."""

    owner: Person


@dataclass(frozen=True, slots=True)
class Mail:
    """A delivered message."""

    id: str
    recipient: Person
    sender: str
    sender_ip: str
    subject: str
    url: str
    at: At


Entity = Person | Host | Ip | Url | Process | File | Mailbox | Mail


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert; `rule` is the key of the analytics rule that raised it, None for other products."""

    key: str
    title: str
    description: str
    severity: Severity
    first: At
    last: At
    tactics: Sequence[str]
    techniques: Sequence[str]
    entities: Sequence[Entity]
    rule: str | None = None
    product: Product = "Azure Sentinel"
    delay_min: float = 6
    """How long after the last event it is there."""


@dataclass(frozen=True, slots=True)
class Comment:
    """What an analyst wrote, some time after the incident was made."""

    author: str
    after_min: float
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task of an incident."""

    title: str
    description: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class Episode:
    """An incident with everything in it."""

    key: str
    title: str
    description: str
    severity: Severity
    alerts: Sequence[Alert]
    rows: Sequence[Row] = ()
    status: Status = "New"
    owner: str = ""
    """The account name of the analyst who has it."""
    verdict: Verdict | None = None
    verdict_text: str = ""
    labels: Sequence[str] = ()
    comments: Sequence[Comment] = ()
    tasks: Sequence[Task] = ()
    taken_after_min: float = 25
    closed_after_min: float = 0
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
