"""The steps of the demo: each takes what the ones before found, and nothing is known beforehand."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from sentinel_mcp.cli import output
from sentinel_mcp.cli.hunts import processes_on, services_on, sign_ins_from, sign_ins_of
from sentinel_mcp.cli.session import Session
from sentinel_mcp.errors import UnsupportedLocally
from sentinel_mcp.settings import EARLIEST

RANKS = ("High", "Medium", "Low", "Informational")
SHOWN_ROWS = 12

LEAD = timedelta(hours=1)
"""How long before the first activity the hunt begins."""

INTERNAL = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Networks in which no intruder from outside has an address."""

_NAME = re.compile(r"'([^']+)'")
"""A name within a suggestion."""

Row = Mapping[str, Any]
"""A row of an answer by its columns' names; the values are JSON."""


class DeadEnd(Exception):
    """A step found nothing to go on with."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An event of the timeline."""

    time: str
    source: str
    event: str


@dataclass(slots=True)
class Case:
    """What is known so far; the steps fill it and `show` prints what the last one did."""

    session: Session
    incident: dict[str, Any] = field(default_factory=dict[str, Any])
    accounts: list[str] = field(default_factory=list[str])
    addresses: list[str] = field(default_factory=list[str])
    hosts: list[str] = field(default_factory=list[str])
    began: datetime = EARLIEST
    moments: list[Moment] = field(default_factory=list[Moment])
    calls: int = 0
    left_out: int = 0
    _pending: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    async def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Call a tool and remember to show that it was called."""
        self.calls += 1
        text = str(arguments.get("query") or "")
        rest = ", ".join(f"{name}={value}" for name, value in arguments.items() if name != "query")
        title = f"{tool}({rest})" if rest else tool
        if text:
            self.then(lambda: output.panel(title, text))
        else:
            self.then(lambda: output.line(title, style="strong"))
        return await self.session.call(tool, **arguments)

    async def query(self, text: str, *, timespan: str | None = None) -> list[Row]:
        """Run a query and remember to show the first rows."""
        more = {"timespan": timespan} if timespan else {}
        answer = await self.call("run_query", query=text, **more)
        tables: list[dict[str, Any]] = answer["tables"]
        names: list[str] = [each["name"] for each in tables[0]["columns"]] if tables else []
        rows: list[list[Any]] = tables[0]["rows"] if tables else []
        shown = rows[:SHOWN_ROWS]
        self.then(lambda: output.table(names, shown))
        if answer["row_count"] > len(shown):
            self.say(f"… {answer['row_count'] - len(shown)} more rows")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def leave_out(self, reason: str) -> None:
        """Remember to say that something cannot be shown without .NET."""
        self.left_out += 1
        self.then(lambda: output.line(f"This cannot be shown here. {reason}", style="warn"))

    async def has_dotnet(self) -> bool:
        """Return whether the server checks and rewrites queries with Kusto.Language."""
        answer = await self.session.call("validate_query", query="print 1")
        return answer["engine"] == "kusto_language"

    def say(self, text: str) -> None:
        """Remember to say something."""
        self.then(lambda: output.line(text))

    def then(self, show: Callable[[], None]) -> None:
        """Remember to show something, once the step's spinner is gone."""
        self._pending.append(show)

    def show(self) -> None:
        """Print what was remembered."""
        pending, self._pending = self._pending, []
        for each in pending:
            each()

    def note(self, time: object, source: str, event: str) -> None:
        """Put an event on the timeline."""
        self.moments.append(Moment(str(time), source, event))


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    title: str
    run: Callable[[Case], Awaitable[None]]

    async def play(self, case: Case) -> None:
        """Run the step, or leave out what the embedded workspace cannot do without .NET.

        Raises:
            DeadEnd: there is nothing to go on with.
            SentinelError: a call failed.

        """
        try:
            await self.run(case)
        except UnsupportedLocally as error:
            if await case.has_dotnet():
                raise
            case.leave_out(error.message)


async def list_open_incidents(case: Case) -> None:
    """Pick the worst of the open incidents."""
    answer = await case.call("list_incidents", statuses=["New", "Active"], limit=50)
    incidents: list[dict[str, Any]] = answer["incidents"]
    if not incidents:
        raise DeadEnd("no incident is open")
    worst = sorted(incidents, key=_badness)
    case.incident = worst[0]
    case.then(
        lambda: output.table(
            ("number", "severity", "status", "alerts", "created", "title"),
            [
                (
                    i["number"],
                    i["severity"],
                    i["status"],
                    i["alerts_count"],
                    i["created"],
                    i["title"],
                )
                for i in worst[:SHOWN_ROWS]
            ],
        )
    )
    case.say(f"{len(incidents)} are open. The worst is {worst[0]['number']}: {worst[0]['title']}.")


def _badness(incident: Row) -> tuple[int, int, int]:
    severity = incident["severity"]
    rank = RANKS.index(severity) if severity in RANKS else len(RANKS)
    return rank, -len(incident["tactics"]), -(incident["alerts_count"] or 0)


async def read_dossier(case: Case) -> None:
    """Learn who and what the incident is about."""
    answer = await case.call(
        "get_incident",
        incident=case.incident["number"] or case.incident["id"],
        include=["alerts", "entities", "comments", "tasks"],
    )
    for alert in answer["alerts"]["items"]:
        case.note(alert["started"] or alert["generated"], "SecurityAlert", alert["name"] or "alert")
    entities: list[dict[str, Any]] = answer["entities"]["items"]
    case.accounts = _unique(filter(None, (_account(e) for e in entities if e["kind"] == "Account")))
    case.addresses = _unique(
        str(e["properties"].get("address") or e["name"]) for e in entities if e["kind"] == "Ip"
    )
    case.hosts = _unique(
        str(e["properties"].get("host_name") or e["name"]) for e in entities if e["kind"] == "Host"
    )
    times = [case.incident["created"], answer["incident"]["first_activity"]]
    case.began = min(datetime.fromisoformat(time) for time in times if time) - LEAD
    case.then(
        lambda: output.table(
            ("kind", "name"), [(e["kind"], e["name"]) for e in entities[:SHOWN_ROWS]]
        )
    )
    for comment in answer["comments"]["items"][:3]:
        case.say(f"{comment['author'] or 'somebody'} wrote: {output.cell(comment['message'])}")
    done = [task["title"] for task in answer["tasks"]["items"] if task["status"] == "Completed"]
    case.say(
        f"{len(answer['alerts']['items'])} alerts, {len(entities)} entities, "
        f"{len(answer['tasks']['items'])} tasks of which {len(done)} are done."
    )
    if not case.accounts or not case.hosts:
        raise DeadEnd("the incident names no account, or no host")


def _account(entity: Mapping[str, Any]) -> str | None:
    properties: Mapping[str, Any] = entity["properties"]
    name, suffix = properties.get("account_name"), properties.get("upn_suffix")
    if name and suffix:
        return f"{name}@{suffix}"
    principal = properties.get("user_principal_name") or entity["name"]
    return str(principal) if principal and "@" in str(principal) else None


async def check_a_typo(case: Case) -> None:
    """Write a query with a mistake in it, and take the checker's correction."""
    wrong = sign_ins_of(case.accounts).replace("UserPrincipalName in~", "UserPrincipleName in~")
    answer = await case.call("validate_query", query=wrong)
    if answer["engine"] == "grammar":
        case.leave_out("The mistake is in a name, and without .NET only the syntax is checked.")
        return
    found = next((each for each in answer["diagnostics"] if each["suggestion"]), None)
    named = _NAME.search(str(found["suggestion"])) if found else None
    if answer["valid"] or found is None or named is None:
        raise DeadEnd("the mistake was not found, or nothing was suggested for it")
    case.say(f"line {found['line']}, column {found['column']}: {found['message']}")
    case.say(f"{found['suggestion']} {named[1]} is taken.")
    right = wrong.replace("UserPrincipleName", named[1])
    if not (await case.session.call("validate_query", query=right))["valid"]:
        raise DeadEnd("the suggestion does not make the query valid")
    case.calls += 1
    case.say("Now it is valid. Nothing was sent to the workspace so far.")


async def hunt_sign_ins(case: Case) -> None:
    """See where the accounts signed in from, and what the addresses of the case tried."""
    rows = await case.query(sign_ins_of(case.accounts))
    if not rows:
        raise DeadEnd("the accounts never signed in")
    case.addresses = case.addresses or _unique(str(row["IPAddress"]) for row in rows)
    tried = await case.query(sign_ins_from(case.addresses))
    if not tried:
        raise DeadEnd("no address of the case tried to sign in")
    for row in tried:
        address = row["IPAddress"]
        tried_on = f"{_count(row['Accounts'], 'account')} from {address}"
        failed = f"{_count(row['Failures'], 'failed sign-in')} on {tried_on}"
        if row["FirstFailure"]:
            case.note(row["FirstFailure"], "SigninLogs", failed)
        if row["FirstSuccess"]:
            case.note(row["FirstSuccess"], "SigninLogs", f"first successful sign-in from {address}")
        case.say(f"{failed}; {row['Successes']} succeeded.")


async def follow_addresses(case: Case) -> None:
    """See in which tables the addresses turn up."""
    outside = [each for each in case.addresses if not _is_internal(each)]
    if not outside:
        raise DeadEnd("the case has no address from outside")
    answer = await case.call("match_indicators", values=outside, days=14)
    seen = [
        (sighting["first_seen"] or "", sighting["table"], match["given"], sighting["events"])
        for match in answer["matches"]
        for sighting in match["sightings"]
        if not sighting["records"]
    ]
    if not seen:
        if not await case.has_dotnet():
            case.leave_out("What it asks of the tables needs .NET.")
            return
        raise DeadEnd(f"{', '.join(outside)}: in no table")
    seen.sort()
    for first, table, address, events in seen:
        if table != "SigninLogs":
            told = f"{address} seen here first, {_count(events, 'time')} in all"
            case.note(first, table, told)
    case.then(
        lambda: output.table(
            ("address", "table", "events", "first seen (UTC)"),
            [
                (address, table, events, first[:19].replace("T", " "))
                for first, table, address, events in seen[:SHOWN_ROWS]
            ],
        )
    )
    tables = _unique(table for _, table, _, _ in seen)
    case.addresses = _unique(address for _, _, address, _ in seen)
    case.say(f"They are in {len(tables)} tables: {', '.join(tables)}.")


def _is_internal(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return found.version == 4 and any(found in each for each in INTERNAL)


async def look_up_address(case: Case) -> None:
    """Ask what the workspace knows of the intruder's address, in one call."""
    known = await case.call("investigate_entity", value=case.addresses[0])
    seen = known["seen"]
    if not seen:
        if not await case.has_dotnet():
            case.leave_out("What it asks of the tables needs .NET.")
            return
        raise DeadEnd(f"{case.addresses[0]} is in no table")
    rows = [(each["table"], each["events"], each["first"][:19].replace("T", " ")) for each in seen]
    case.then(lambda: output.table(("table", "events", "first seen (UTC)"), rows))
    case.say(known["summary"])


async def hunt_services(case: Case) -> None:
    """Look for lateral movement: services installed on the hosts of the case."""
    rows = await case.query(services_on(case.hosts, case.began))
    if not rows:
        raise DeadEnd("no service was installed on the hosts")
    for row in rows:
        told = f"service {row['ServiceName']} on {row['Computer']} by {row['SubjectUserName']}"
        case.note(row["TimeGenerated"], "SecurityEvent", told)
    computers = _unique(str(row["Computer"]) for row in rows)
    case.say(f"Somebody installed services on {', '.join(computers)}, as PsExec does.")


async def hunt_processes(case: Case) -> None:
    """See what ran on the hosts of the case."""
    rows = await case.query(processes_on(case.hosts, case.began))
    if not rows:
        raise DeadEnd("nothing suspicious ran on the hosts")
    for row in rows:
        told = f"{row['DeviceName']}, {row['AccountName']}: {row['ProcessCommandLine']}"
        case.note(row["TimeGenerated"], "DeviceProcessEvents", told)
    devices = _unique(str(row["DeviceName"]) for row in rows)
    case.say(f"{len(rows)} commands that intruders use ran on {', '.join(devices)}.")


async def conclude(case: Case) -> None:
    """Put everything in order of time."""
    timeline = sorted(case.moments, key=lambda each: each.time)
    sources = _unique(each.source for each in timeline)
    if len(sources) < 3 and not case.left_out:
        raise DeadEnd("the evidence comes from fewer than three tables")
    case.then(
        lambda: output.table(
            ("time (UTC)", "table", "what happened"),
            [(each.time[:19].replace("T", " "), each.source, each.event) for each in timeline],
        )
    )
    tactics = ", ".join(case.incident["tactics"]) or "not stated"
    case.then(
        lambda: output.panel(
            "Conclusion",
            f"True positive: incident {case.incident['number']}, {case.incident['title']}\n"
            f"Tactics: {tactics}\n"
            f"Accounts: {', '.join(case.accounts)}\n"
            f"Addresses: {', '.join(case.addresses)}\n"
            f"Hosts: {', '.join(case.hosts)}\n"
            f"Evidence: {len(timeline)} events in {len(sources)} tables, {timeline[0].time[:16]} "
            f"to {timeline[-1].time[:16]}",
        )
    )


async def preview_closing(case: Case) -> None:
    """Show what closing the incident would change; nothing is written."""
    report = await case.call(
        "update_incident",
        incident=case.incident["number"],
        status="Closed",
        classification="TruePositive",
        classification_reason="SuspiciousActivity",
        dry_run=True,
    )
    if report["outcome"] != "preview":
        raise DeadEnd(f"closing it was {report['outcome']}")
    rows = [
        (each["field"], each["before"] or "-", each["after"] or "-") for each in report["changes"]
    ]
    case.then(lambda: output.table(("field", "now", "would be"), rows))
    case.say("A preview: nothing was written. Without dry_run your client asks you first.")


def _count(number: object, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _unique(texts: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(each for each in texts if each))


STEPS: Sequence[Step] = (
    Step("List the open incidents", list_open_incidents),
    Step("Read the dossier of the worst", read_dossier),
    Step("Check a query that has a mistake in it", check_a_typo),
    Step("Hunt in the sign-ins", hunt_sign_ins),
    Step("Follow the intruder's addresses", follow_addresses),
    Step("Ask what is known of the first of them", look_up_address),
    Step("Hunt for lateral movement", hunt_services),
    Step("See what ran on those hosts", hunt_processes),
    Step("Conclude", conclude),
    Step("Preview the closing of the incident", preview_closing),
)
