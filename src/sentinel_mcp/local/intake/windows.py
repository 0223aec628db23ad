"""Windows events as collectors write them, in the columns of SecurityEvent and Event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import cast
from xml.sax.saxutils import escape, quoteattr

SECURITY = "SecurityEvent"
EVENT = "Event"
SYSMON = "Sysmon"

_SPECIAL = re.compile(r"[&<>]")
_EVENT_XMLNS = "http://schemas.microsoft.com/win/2004/08/events/event"

# What collectors (NXLog, Winlogbeat, the event viewer) write around an event. All other fields
# are the event's own data.
_ENVELOPE = frozenset({
    "@timestamp", "@version", "accountname", "accounttype", "activityid", "category", "channel",
    "computer", "domain", "error_evt_unresolved", "eventid", "eventreceivedtime", "eventtime",
    "eventtype", "executionprocessid", "host", "hostname", "keywords", "level", "message",
    "opcode", "opcodevalue", "port", "providerguid", "providername", "recordnumber", "severity",
    "severityvalue", "sourcemodulename", "sourcemoduletype", "sourcename", "tags", "task",
    "threadid", "timecreated", "timegenerated", "userid", "version",
})  # fmt: skip

_LEVELS = {"CRITICAL": 1, "ERROR": 2, "WARNING": 3, "INFO": 4, "VERBOSE": 5, "DEBUG": 5}
_LEVEL_NAMES = {1: "Critical", 2: "Error", 3: "Warning", 4: "Information", 5: "Verbose"}

_LOGON_TYPES = {
    "2": "2 - Interactive",
    "3": "3 - Network",
    "4": "4 - Batch",
    "5": "5 - Service",
    "7": "7 - Unlock",
    "8": "8 - NetworkCleartext",
    "9": "9 - NewCredentials",
    "10": "10 - RemoteInteractive",
    "11": "11 - CachedInteractive",
}

# Events about the account that logged on or was changed, rather than the one that acted.
_ABOUT_TARGET = frozenset({
    "4624", "4625", "4634", "4647", "4720", "4722", "4723", "4724", "4725", "4726", "4738",
    "4740", "4767", "4768", "4769", "4771", "4776",
})  # fmt: skip

_HOST = "Hostname"
_SUBJECT, _TARGET = "SubjectDomainName, SubjectUserName", "TargetDomainName, TargetUserName"

DERIVED: Mapping[str, Mapping[str, str]] = {
    SECURITY: {
        "Account": f"{_SUBJECT} or {_TARGET}",
        "AccountType": f"{_SUBJECT} or {_TARGET}",
        "Activity": "EventID, Message",
        "Computer": _HOST,
        "EventData": "all fields of the event",
        "EventSourceName": "SourceName",
        "LogonTypeName": "LogonType",
        "Process": "NewProcessName or ProcessName",
        "SubjectAccount": _SUBJECT,
        "TargetAccount": _TARGET,
    },
    EVENT: {
        "Computer": _HOST,
        "EventData": "all fields of the event",
        "EventLevel": "Severity",
        "EventLevelName": "Severity",
        "EventLog": "Channel",
        "RenderedDescription": "Message",
        "Source": "SourceName",
        "UserName": "Domain, AccountName",
    },
    SYSMON: {"Computer": _HOST},
}
"""The columns that are worked out for a table where the source has no field of that name, and from
what."""

MAX_SHAPES = 2_000


def table_of(channel: str) -> str:
    """Return the table in which Sentinel keeps the events of a channel."""
    match channel.lower():
        case "security":
            return SECURITY
        case "microsoft-windows-sysmon/operational":
            return SYSMON
        case _:
            return EVENT


def derived(table: str, fields: dict[str, object]) -> dict[str, tuple[object, str]]:
    """Return the columns that a Windows event gives besides its fields, and what from."""
    if table not in DERIVED:
        return {}
    keys = tuple(fields)
    lowered = dict(zip(_lowered(keys), fields.values(), strict=True))
    if "eventid" not in lowered:
        return {}
    sources = DERIVED[table]
    made = _MAKERS[table](_Event(lowered), fields)
    return {
        key: (value, sources[key])
        for key, value in made.items()
        if value and key.lower() not in lowered
    }


@lru_cache(maxsize=MAX_SHAPES)
def _lowered(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key.lower() for key in keys)


@lru_cache(maxsize=MAX_SHAPES)
def _data_tag(key: str) -> str:
    """Return the element that holds a field of the event's own; empty for the envelope's."""
    return "" if key.lower() in _ENVELOPE else f"<Data Name={quoteattr(key)}>"


class _Event:
    """A Windows event whose fields are found whatever their case."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def text(self, *names: str) -> str:
        """Return the first of these that is there and not `-`."""
        for name in names:
            value = self._fields.get(name)
            if value not in (None, "", "-"):
                return str(value)
        return ""

    def account(self, role: str) -> str:
        """Return the account of the subject or the target, behind its domain."""
        user = self.text(f"{role}username")
        domain = self.text(f"{role}domainname")
        return f"{domain}\\{user}" if domain and user else user

    @property
    def level(self) -> int | None:
        """The level as Windows numbers it."""
        return _LEVELS.get(self.text("severity", "eventtype").upper())


def _security(event: _Event, fields: dict[str, object]) -> dict[str, object]:
    number = event.text("eventid")
    subject, target = event.account("subject"), event.account("target")
    account = (target or subject) if number in _ABOUT_TARGET else (subject or target)
    summary = event.text("message").split("\n", 1)[0].strip()
    process = event.text("newprocessname", "processname")
    return {
        "Account": account,
        "AccountType": ("Machine" if account.endswith("$") else "User") if account else "",
        "Activity": f"{number} - {summary}" if summary else "",
        "Computer": event.text("hostname", "computername", "host"),
        "EventData": f'<EventData xmlns="{_EVENT_XMLNS}">{_data(fields)}</EventData>',
        "EventSourceName": event.text("sourcename", "providername"),
        "LogonTypeName": _LOGON_TYPES.get(event.text("logontype"), ""),
        "Process": process.rsplit("\\", 1)[-1],
        "SubjectAccount": subject,
        "TargetAccount": target,
    }


def _event(event: _Event, fields: dict[str, object]) -> dict[str, object]:
    user, domain = event.text("accountname"), event.text("domain")
    level = event.level
    return {
        "Computer": event.text("hostname", "computername", "host"),
        "EventData": (
            f'<DataItem type="System.XmlData"><EventData xmlns="{_EVENT_XMLNS}">{_data(fields)}'
            "</EventData></DataItem>"
        ),
        "EventLevel": level,
        "EventLevelName": _LEVEL_NAMES.get(level or 0, ""),
        "EventLog": event.text("channel"),
        "RenderedDescription": event.text("message"),
        "Source": event.text("sourcename", "providername"),
        "UserName": f"{domain}\\{user}" if domain and user else user,
    }


def _sysmon(event: _Event, fields: dict[str, object]) -> dict[str, object]:
    return {"Computer": event.text("hostname", "computername", "host")}


_MAKERS = {SECURITY: _security, EVENT: _event, SYSMON: _sysmon}


def _data(fields: dict[str, object]) -> str:
    """Return the event's own fields as the elements that Windows keeps them in."""
    return "".join(
        [f"{tag}{_plain(value)}</Data>" for key, value in fields.items() if (tag := _data_tag(key))]
    )


def _plain(value: object) -> str:
    match value:
        case str():
            text = value
        case None:
            return ""
        case list():
            text = ", ".join(str(each) for each in cast("list[object]", value))
        case _:
            text = str(value)
    return escape(text) if _SPECIAL.search(text) else text
