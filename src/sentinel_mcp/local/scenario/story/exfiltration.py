"""The end: the finance share leaves in name queries and over the web."""

from __future__ import annotations

import base64

from sentinel_mcp.local.scenario.estate import host
from sentinel_mcp.local.scenario.machines import connection, file_written, process, share_opened
from sentinel_mcp.local.scenario.model import Alert, Ip, Row, Url
from sentinel_mcp.local.scenario.names import C2_HOST, C2_IP, TUNNEL_DOMAIN, sha256
from sentinel_mcp.local.scenario.story.lateral import ADMIN, CONTROLLER, FILES, HANDS, TEMP
from sentinel_mcp.local.scenario.traffic import firewall, name_query, syslog

_QUERIES = 640
_SESSIONS = 14
_ARCHIVES = ("a.7z.001", "a.7z.002", "a.7z.003")
ARCHIVE_COMMAND = rf"7z.exe a -mhe=on -p*** -v700m {TEMP}\a.7z D:\shares\finance"

TUNNEL_START = HANDS.later(minutes=105)
UPLOAD_START = HANDS.later(minutes=122)


def rows() -> list[Row]:
    """Return what it left behind."""
    found = process(
        HANDS.later(minutes=95), FILES, "system", "7z.exe", TEMP, ARCHIVE_COMMAND,
        parent="cmd.exe", pid=4402,
    )  # fmt: skip
    found += [
        file_written(
            HANDS.later(minutes=96 + number), FILES, "system", name, TEMP, 734_003_200, by="7z.exe"
        )
        for number, name in enumerate(_ARCHIVES)
    ]
    found.append(
        share_opened(HANDS.later(minutes=94), FILES, ADMIN, FILES.ip, "finance", "archive")
    )
    return [*found, *_tunnel(), *_upload(), *_ssh_tries()]


def _tunnel() -> list[Row]:
    """Return queries whose names carry data: long, all different, always for TXT."""
    return [
        name_query(
            TUNNEL_START.later(seconds=7 * number), FILES.ip, f"{_label(number)}.{TUNNEL_DOMAIN}",
            "TXT", CONTROLLER,
        )
        for number in range(_QUERIES)
    ]  # fmt: skip


def _label(number: int) -> str:
    digest = bytes.fromhex(sha256(f"chunk {number}"))
    return base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def _upload() -> list[Row]:
    found: list[Row] = []
    for number in range(_SESSIONS):
        at = UPLOAD_START.later(minutes=5 * number)
        found.append(connection(at, FILES, "system", "curl.exe", C2_IP, 443, url=C2_HOST))
        found.append(firewall(at.later(minutes=4), FILES.ip, C2_IP, 443, 157_286_400, 84_000))
    return found


def _ssh_tries() -> list[Row]:
    """Return tries to get on to the Linux machines with what the dump gave; none succeeds."""
    found: list[Row] = []
    for number, name in enumerate(("nw-lnx-01", "nw-lnx-02", "nw-git-01")):
        target = host(name)
        for turn in range(9):
            user = ("root", "adm-hkovacs", "deploy")[turn % 3]
            known = "" if user != "adm-hkovacs" else "invalid user "
            found.append(
                syslog(
                    HANDS.later(minutes=84 + number, seconds=5 * turn), target, "sshd",
                    f"Failed password for {known}{user} from {FILES.ip} port 5{turn}214 ssh2",
                )
            )  # fmt: skip
    return found


def alerts() -> list[Alert]:
    """Return what was noticed of it."""
    return [
        Alert(
            key="dns-tunnel",
            title="Name queries that look like a tunnel",
            description="One machine asked for hundreds of long names under one domain.",
            severity="Medium",
            first=TUNNEL_START,
            last=TUNNEL_START.later(minutes=70),
            tactics=("CommandAndControl", "Exfiltration"),
            techniques=("T1071", "T1048"),
            entities=(FILES, Ip(FILES.ip), Url(f"http://{TUNNEL_DOMAIN}")),
            rule="dns-tunnel",
        ),
        Alert(
            key="large-upload",
            title="Unusually much sent to one address",
            description="A server sent over a gigabyte to an address it had not talked to before.",
            severity="High",
            first=UPLOAD_START,
            last=UPLOAD_START.later(minutes=70),
            tactics=("Exfiltration",),
            techniques=("T1041",),
            entities=(FILES, Ip(C2_IP), Ip(FILES.ip)),
            rule="large-upload",
        ),
    ]
