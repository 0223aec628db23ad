"""A count made another way: every cell of every stored row, read as text and searched here.

Nothing of the product is used: the rows come from a copy of the store's file by SQL, the names of
an account from the directory's rows, and what counts as an occurrence is written down once more.
"""

from __future__ import annotations

import ipaddress
import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

ALNUM = "0-9a-z"
AFTER_NAME = rf"(?![{ALNUM}_-])(?!\.[{ALNUM}_-])"
EDGES: Mapping[str, tuple[str, str]] = {
    # What must not stand before, and what must not follow.
    "ip": (rf"(?<![{ALNUM}.])", rf"(?![{ALNUM}])(?!\.[{ALNUM}])"),
    "mail": (rf"(?<![{ALNUM}_.%+-])", AFTER_NAME),
    "sam": (rf"(?<![{ALNUM}_.@-])", rf"(?![{ALNUM}_@$-])(?!\.[{ALNUM}_-])"),
    "sid": (rf"(?<![{ALNUM}-])", rf"(?![{ALNUM}])(?!-[0-9])"),
    "token": (rf"(?<![{ALNUM}])", rf"(?![{ALNUM}])"),
    "host": (rf"(?<![{ALNUM}_.-])", rf"(?![{ALNUM}_-])"),
    "fqdn": (rf"(?<![{ALNUM}_-])", AFTER_NAME),
    "short": (rf"(?<![{ALNUM}_.-])", AFTER_NAME),
    "domain": (rf"(?<![{ALNUM}_-])", AFTER_NAME),
    "url": (rf"(?<![{ALNUM}_.-])", rf"(?![{ALNUM}_%~-])(?!\.[{ALNUM}])"),
    "file": (rf"(?<![{ALNUM}_.-])", AFTER_NAME),
}
"""By the way in which a name is written."""

TEXTS = ("VARCHAR", "JSON", "UUID")


@dataclass(frozen=True)
class Sought:
    """A value to ask the tools for, and the names, by way of writing, that are its occurrences."""

    value: str
    kind: str
    names: tuple[tuple[str, str], ...]

    @property
    def expression(self) -> re.Pattern[str]:
        found = [
            f"{EDGES[way][0]}{re.escape(name.lower())}{EDGES[way][1]}" for way, name in self.names
        ]
        return re.compile("|".join(found))


@dataclass
class Rows:
    """The stored rows as lower-case texts, in a database of the test's own."""

    path: Path
    connection: duckdb.DuckDBPyConnection = field(init=False)
    tables: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("ATTACH ':memory:' AS texts")
        self.connection.execute(f"ATTACH '{self.path}' AS stored (READ_ONLY)")
        self.connection.execute("USE stored")
        listed = self.connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() "
            "WHERE database_name = current_database() AND schema_name = 'main' "
            f"AND data_type IN {TEXTS} ORDER BY column_index"
        ).fetchall()
        columns: dict[str, list[str]] = {}
        for table, column in listed:
            columns.setdefault(table, []).append(column)
        for table, names in sorted(columns.items()):
            joined = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in names)
            self.connection.execute(
                f'CREATE TABLE texts."{table}" AS '
                f'SELECT lower(concat_ws(chr(10), {joined})) AS text FROM stored.main."{table}"'
            )
            self.tables.append(table)

    def counts(self, sought: Sought) -> dict[str, int]:
        """Return, by table, in how many rows one of the names stands as a whole."""
        likely = " OR ".join(["contains(text, ?)"] * len(sought.names))
        names = [name.lower() for _, name in sought.names]
        found: dict[str, int] = {}
        for table in self.tables:
            rows = self.connection.execute(
                f'SELECT text FROM texts."{table}" WHERE {likely}', names
            ).fetchall()
            count = sum(1 for (text,) in rows if sought.expression.search(text))
            if count:
                found[table] = count
        return found

    def column(self, table: str, column: str) -> list[str]:
        """Return the values of a column, each once, the rarest first."""
        return [
            value
            for (value,) in self.connection.execute(
                f'SELECT "{column}" FROM "{table}" WHERE "{column}" <> \'\' '
                "GROUP BY 1 ORDER BY count(*), 1"
            ).fetchall()
        ]


def account(rows: Rows, upn: str) -> Sought:
    """Return an account with all names that the directory has of it."""
    listed = rows.connection.execute(
        "SELECT AccountName, SAMAccountName, AccountSID, AccountCloudSID, AccountObjectId, "
        "MailAddress FROM IdentityInfo WHERE lower(AccountUPN) = lower(?)",
        [upn],
    ).fetchall()
    ways = ("sam", "sam", "sid", "sid", "token", "mail")
    names = {("mail", upn)}
    names |= {(way, name) for row in listed for way, name in zip(ways, row, strict=True) if name}
    return Sought(upn, "account", tuple(sorted(names)))


def host(name: str) -> Sought:
    short, dot, _ = name.partition(".")
    if dot:
        return Sought(name, "host", (("fqdn", name), ("short", short)))
    return Sought(name, "host", (("host", name),))


def plain(kind: str, way: str, values: Iterable[str]) -> list[Sought]:
    return [Sought(value, kind, ((way, value),)) for value in values]


def url(value: str) -> Sought:
    return Sought(value, "url", (("url", re.sub(r"^[a-z]+://", "", value).rstrip("/")),))


def sample(rows: Rows, seed: int, count: int) -> list[Sought]:
    """Return values of every kind: of each column the rarest, the most common and some drawn."""
    draw = random.Random(seed)

    def some(table: str, column: str, share: int) -> list[str]:
        values = rows.column(table, column)
        if len(values) <= share:
            return values
        return list(dict.fromkeys([values[0], values[-1], *draw.sample(values, share)]))[:share]

    share = max(2, count // 13)
    people = some("IdentityInfo", "AccountUPN", share)
    addresses = [
        *some("SigninLogs", "IPAddress", share),
        *some("CommonSecurityLog", "DestinationIP", share // 2 + 1),
        *some("Syslog", "HostIP", share // 2 + 1),
        *some("DnsEvents", "ClientIP", share // 2 + 1),
        *_addresses_in_text(rows, draw, share),
    ]
    hosts = [
        *some("Heartbeat", "Computer", share),
        *[name.partition(".")[0] for name in some("DeviceInfo", "DeviceName", share)],
    ]
    machines = {name.lower() for name in rows.column("Heartbeat", "Computer")}
    machines |= {name.lower() for name in rows.column("DeviceInfo", "DeviceName")}
    asked = some("DnsEvents", "Name", share)
    hosts += [name for name in asked if name.lower() in machines]
    names = [name for name in some("DeviceProcessEvents", "FileName", share) if "." in name]
    names += some("EmailAttachmentInfo", "FileName", share // 2 + 1)
    sought = [
        *(account(rows, each) for each in people),
        *plain("ip", "ip", (each for each in addresses if _is_address(each))),
        *map(host, hosts),
        *plain("file_hash", "token", some("DeviceProcessEvents", "SHA256", share)),
        *plain("file_hash", "token", some("DeviceFileEvents", "SHA1", share // 2 + 1)),
        *map(url, some("EmailUrlInfo", "Url", share)),
        *plain("domain", "domain", some("EmailUrlInfo", "UrlDomain", share)),
        *plain("domain", "domain", (name for name in asked if name.lower() not in machines)),
        *plain("file", "file", names),
        *plain("mailbox", "mail", some("EmailEvents", "SenderFromAddress", share)),
    ]
    different = list({(each.kind, each.value.lower()): each for each in sought}.values())
    return draw.sample(different, min(count, len(different)))


def _addresses_in_text(rows: Rows, draw: random.Random, count: int) -> list[str]:
    texts = rows.connection.execute(
        "SELECT DISTINCT regexp_extract(SyslogMessage, '(\\d{1,3}(?:\\.\\d{1,3}){3})', 1) "
        "FROM Syslog ORDER BY 1"
    ).fetchall()
    found = [text for (text,) in texts if text]
    return draw.sample(found, min(count, len(found)))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def within(rows: Rows, network: str) -> dict[str, int]:
    """Return, by table, in how many rows an IPv4 address of the network stands."""
    net = ipaddress.ip_network(network)
    pattern = re.compile(
        rf"(?<![{ALNUM}.])(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?![{ALNUM}])(?!\.[{ALNUM}])"
    )
    octets = network.split(".")[: net.prefixlen // 8]
    found: dict[str, int] = {}
    for table in rows.tables:
        texts = rows.connection.execute(
            f'SELECT text, count(*) FROM texts."{table}" WHERE contains(text, ?) GROUP BY text',
            [".".join([*octets, ""])],
        ).fetchall()
        count = sum(
            times for text, times in texts if any(_in(each, net) for each in pattern.findall(text))
        )
        if count:
            found[table] = count
    return found


def _in(text: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(text) in network
    except ValueError:
        return False


def alerts_about(rows: Rows, sought: Sought) -> set[str]:
    """Return the ids of the alerts whose text or entities name it."""
    listed = rows.connection.execute("SELECT * FROM SecurityAlert")
    names = [each[0] for each in listed.description or []]
    mails = {name.lower() for way, name in sought.names if way == "mail"}
    sams = {name.lower() for way, name in sought.names if way == "sam"}
    others = Sought(
        sought.value, sought.kind, tuple(each for each in sought.names if each[0] != "sam")
    ).expression
    only_sam = Sought(
        sought.value, sought.kind, tuple(each for each in sought.names if each[0] == "sam")
    )
    ids: set[str] = set()
    for row in listed.fetchall():
        cells = dict(zip(names, row, strict=True))
        texts = {k: v.lower() for k, v in cells.items() if isinstance(v, str)}
        hit = any(others.search(each) for each in texts.values())
        if only_sam.names:
            hit = hit or any(
                only_sam.expression.search(each) for k, each in texts.items() if k != "Entities"
            )
        for entity in json.loads(cells["Entities"] or "[]"):
            name, suffix = entity.get("Name", ""), entity.get("UPNSuffix", "")
            hit = hit or f"{name}@{suffix}".lower() in mails
            bare = not (suffix or entity.get("Sid") or entity.get("AadUserId"))
            is_account = str(entity.get("Type", "")).lower() == "account"
            hit = hit or (bare and is_account and str(name).lower() in sams)
        if hit:
            ids.add(cells["SystemAlertId"])
    return ids


def networks(addresses: Sequence[str]) -> list[str]:
    """Return networks of several sizes around addresses."""
    sizes = (24, 20, 28, 16, 30)
    return [
        str(ipaddress.ip_network(f"{each}/{size}", strict=False))
        for each, size in zip(addresses, sizes, strict=False)
    ]
