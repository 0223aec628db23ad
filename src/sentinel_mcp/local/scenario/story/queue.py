"""The thirty incidents, as the analysts left them."""

from __future__ import annotations

from sentinel_mcp.local.scenario.clock import At
from sentinel_mcp.local.scenario.model import Comment, Episode, Status, Task, Verdict
from sentinel_mcp.local.scenario.people import people
from sentinel_mcp.local.scenario.story import decoys, routine
from sentinel_mcp.local.scenario.story.intrusion import episode as intrusion

# What happened, to whom (by number), days and hours ago, and what became of it.
_Line = tuple[routine.Make, int, float, float, Status, str, Verdict | None, str]

_EXPECTED: Verdict = "BenignPositive/SuspiciousButExpected"
_REAL: Verdict = "TruePositive/SuspiciousActivity"
_LOGIC: Verdict = "FalsePositive/IncorrectAlertLogic"
_DATA: Verdict = "FalsePositive/InaccurateData"

_QUEUE: tuple[_Line, ...] = (
    (
        routine.phish_reported,
        14,
        13,
        3,
        "Closed",
        "priya.nair",
        _REAL,
        "Blocked the sender; nobody clicked.",
    ),
    (
        routine.ssh_guessing,
        0,
        12,
        9,
        "Closed",
        "jonas.weber",
        _EXPECTED,
        "Internet noise; password logons are off on this machine.",
    ),
    (
        routine.guessed_password,
        31,
        12,
        2,
        "Closed",
        "priya.nair",
        _REAL,
        "Address blocked; the account was not entered.",
    ),
    (
        routine.odd_powershell,
        52,
        11,
        5,
        "Closed",
        "priya.nair",
        _LOGIC,
        "Printer deployment by the client management agent.",
    ),
    (
        routine.malware_stopped,
        64,
        10,
        6,
        "Closed",
        "jonas.weber",
        _REAL,
        "Removed before it ran; download site blocked.",
    ),
    (
        routine.server_logons,
        0,
        10,
        1,
        "Closed",
        "jonas.weber",
        _EXPECTED,
        "Backup service with an old password; changed by IT operations.",
    ),
    (
        routine.known_bad_address,
        27,
        9,
        7,
        "Closed",
        "priya.nair",
        _DATA,
        "Shared hosting of a supplier; indicator to be reviewed.",
    ),
    (
        routine.new_owner,
        11,
        9,
        4,
        "Closed",
        "aiko.tanaka",
        _EXPECTED,
        "Approved by the platform team for the web migration.",
    ),
    (
        routine.group_joined,
        111,
        8,
        8,
        "Closed",
        "priya.nair",
        _EXPECTED,
        "Contractor needs it for the file server migration; to be removed at the end of the month.",
    ),
    (
        routine.phish_reported,
        88,
        8,
        2,
        "Closed",
        "jonas.weber",
        _REAL,
        "Same sender as before; domain blocked.",
    ),
    (routine.log_cleared, 0, 7, 9, "Closed", "priya.nair", _EXPECTED, "Server was set up anew."),
    (
        routine.many_downloads,
        19,
        7,
        3,
        "Closed",
        "aiko.tanaka",
        "Undetermined/",
        "User is moving to another project; manager confirmed part of the files only.",
    ),
    (
        routine.guessed_password,
        73,
        6,
        10,
        "Closed",
        "jonas.weber",
        _REAL,
        "Address blocked; password changed as a precaution.",
    ),
    (
        routine.forwarding,
        34,
        6,
        4,
        "Closed",
        "priya.nair",
        _REAL,
        "Forwarding removed; user told about the policy.",
    ),
    (routine.malware_stopped, 101, 5, 12, "Closed", "jonas.weber", _REAL, "Removed before it ran."),
    (routine.ssh_guessing, 1, 4, 9, "Closed", "jonas.weber", _EXPECTED, "Internet noise."),
    (routine.odd_powershell, 9, 4, 3, "Closed", "priya.nair", _LOGIC, "Printer deployment again."),
    (routine.phish_reported, 57, 3, 11, "Active", "priya.nair", None, ""),
    (routine.known_bad_address, 82, 3, 5, "New", "", None, ""),
    (routine.guessed_password, 46, 3, 1, "Active", "jonas.weber", None, ""),
    (routine.many_downloads, 69, 2, 9, "Active", "aiko.tanaka", None, ""),
    (routine.server_logons, 1, 2, 3, "New", "", None, ""),
    (routine.malware_stopped, 38, 1, 14, "New", "", None, ""),
    (routine.odd_powershell, 95, 1, 6, "New", "", None, ""),
    (routine.guessed_password, 106, 0, 16, "New", "", None, ""),
    (routine.ssh_guessing, 2, 0, 5, "New", "", None, ""),
)


def episodes() -> list[Episode]:
    """Return all incidents; their numbers follow the time at which they were made."""
    return [
        intrusion(),
        decoys.change_window(),
        decoys.traveller(),
        decoys.scanner(),
        *(_from_line(number, line) for number, line in enumerate(_QUEUE)),
    ]


def _from_line(number: int, line: _Line) -> Episode:
    make, who, days, hours, status, owner, verdict, text = line
    key = f"{make.__name__.replace('_', '-')}-{number}"
    episode = make(key, At("now", days=-days, hours=-hours), people()[who])
    comments = (Comment(owner, 45, text),) if text else ()
    tasks = (
        (Task("Ask the user", "Was it you, and from where?", done=status == "Closed"),)
        if make in (routine.guessed_password, routine.many_downloads, routine.forwarding)
        else ()
    )
    return routine.with_outcome(
        episode,
        status=status,
        owner=owner,
        verdict=verdict,
        verdict_text=text,
        comments=comments,
        tasks=tasks,
        taken_after_min=12 + 7 * number % 50,
        closed_after_min=90 + 37 * number % 400 if status == "Closed" else 0,
    )
