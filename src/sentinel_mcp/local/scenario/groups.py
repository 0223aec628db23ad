"""The groups of the directory, and who was in them when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sentinel_mcp.local.scenario.clock import At, Clock
from sentinel_mcp.local.scenario.names import DOMAIN, guid
from sentinel_mcp.local.scenario.people import Person, people

HEADS = {
    "Executive": "sofia.lindgren",
    "Finance": "robert.achterberg",
    "Human Resources": "nadia.okonkwo",
    "IT": "hana.kovacs",
    "Sales": "marcus.lindqvist",
    "Security": "aiko.tanaka",
}
CHIEF = "sofia.lindgren"

JOINED: Mapping[tuple[str, str], At] = {
    ("Server operators", "daniel.reyes"): At("now", days=-8, hours=-8)
}
"""Who came to a group within the time of the scenario, as an incident tells."""


def joined(who: Person, clock: Clock) -> datetime:
    """Return since when somebody has been in all of his groups."""
    times = [clock.time(at) for (_, sam), at in JOINED.items() if sam == who.sam]
    return max(times, default=clock.start)


@dataclass(frozen=True, slots=True)
class Group:
    """A group, with its members and owners by account name."""

    name: str
    description: str
    members: tuple[str, ...]
    owners: tuple[str, ...]
    unified: bool = False
    security: bool = True
    mail: str = ""
    assignable: bool = False
    synchronized: bool = False
    rule: str = ""

    @property
    def id(self) -> str:
        """Its object id."""
        return guid("group", self.name)


@cache
def groups() -> tuple[Group, ...]:
    """Return all of them."""
    return tuple(_groups())


def groups_of(who: Person, at: datetime, clock: Clock) -> list[str]:
    """Return the names of the groups that somebody was in at a time."""
    return [
        each.name
        for each in groups()
        if who.sam in each.members
        and ((joined := JOINED.get((each.name, who.sam))) is None or clock.time(joined) <= at)
    ]


def _groups() -> Iterable[Group]:
    desks = [each for each in people() if not each.service]
    without_second_factor = tuple(each.sam for each in people() if not each.multifactor)
    yield Group(
        "All staff", "Everybody with a desk", tuple(each.sam for each in desks), (CHIEF,),
        rule='(user.accountEnabled -eq true) and (user.employeeId -ne null)',
    )  # fmt: skip
    for department in dict.fromkeys(each.department for each in desks):
        members = tuple(each.sam for each in desks if each.department == department)
        owner = HEADS.get(department, members[0])
        address = f"{department.lower().replace(' ', '-')}@{DOMAIN}"
        yield Group(
            department, f"The team of {department}", members, (owner,),
            unified=True, security=False, mail=address,
        )  # fmt: skip
    analysts = ("priya.nair", "jonas.weber", "aiko.tanaka")
    yield Group(
        "SOC analysts", "Work the incidents of the workspace", analysts, ("aiko.tanaka",),
        assignable=True,
    )  # fmt: skip
    yield Group(
        "MFA exclusions", "Not asked for a second factor by Conditional Access",
        without_second_factor, ("hana.kovacs",),
    )  # fmt: skip
    yield Group(
        "Server operators", "Administrators of member servers",
        ("hana.kovacs", "adm-hkovacs", "daniel.reyes"), (), synchronized=True,
    )  # fmt: skip
    yield Group(
        "Announcements", "Mail to everybody", tuple(each.sam for each in desks),
        ("nadia.okonkwo",), security=False, mail=f"announcements@{DOMAIN}",
    )  # fmt: skip
