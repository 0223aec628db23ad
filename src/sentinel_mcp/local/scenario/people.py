"""The people of the company: 120 accounts, some of which the story is about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sentinel_mcp.local.scenario.names import DOMAIN, DOMAIN_SID, guid

_FIRST = (
    "Adele", "Bram", "Carla", "Dirk", "Emil", "Farah", "Greta", "Hugo", "Ines", "Jan", "Karin",
    "Liam", "Mina", "Noor", "Owen", "Petra", "Quinn", "Rosa", "Sven", "Tess", "Umar", "Vera",
    "Wout", "Xenia", "Yusuf", "Zofia", "Anke", "Bilal", "Cato", "Dora",
)  # fmt: skip
_LAST = (
    "Albers", "Bosman", "Cieslak", "Dunne", "Ekdahl", "Fenwick", "Groot", "Hassan", "Ivers",
    "Jansen", "Kuipers", "Lacey", "Mazur", "Nolan", "Osei", "Prins", "Quist", "Rahman", "Smit",
    "Tulloch", "Urban", "Visser", "Walsh", "Yilmaz", "Zielinska",
)  # fmt: skip

_DEPARTMENTS = (
    ("Engineering", "Engineer", 30),
    ("Production", "Line planner", 24),
    ("Sales", "Account manager", 18),
    ("Finance", "Accountant", 12),
    ("Logistics", "Dispatcher", 10),
    ("Human Resources", "HR partner", 6),
    ("IT", "Systems administrator", 8),
)

_SITE_TURN = ("Leeds", "Rotterdam", "Gdansk", "Rotterdam", "Leeds")


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the directory, and the address at which its owner works from home."""

    number: int
    name: str
    sam: str
    department: str
    title: str
    site: str
    role: str = ""
    """A privileged directory role, where there is one."""
    multifactor: bool = True
    service: bool = False

    @property
    def upn(self) -> str:
        """The name it signs in with."""
        return f"{self.sam}@{DOMAIN}"

    @property
    def id(self) -> str:
        """Its object id in the directory."""
        return guid("person", self.sam)

    @property
    def sid(self) -> str:
        """Its security identifier on premises."""
        return f"{DOMAIN_SID}-{1100 + self.number}"

    @property
    def home_ip(self) -> str:
        """Where it comes from outside the office."""
        return f"203.0.113.{1 + self.number % 250}"

    @property
    def host(self) -> str:
        """Its workstation."""
        return f"nw-ws-{1 + self.number:03}"


# Those whom the story needs, at the numbers that give them their workstations.
_KNOWN: dict[int, tuple[str, str, str, str, str, str]] = {
    4: ("Priya Nair", "priya.nair", "Security", "Security analyst", "Leeds", "Security Operator"),
    5: ("Jonas Weber", "jonas.weber", "Security", "Security analyst", "Rotterdam",
        "Security Operator"),
    6: ("Aiko Tanaka", "aiko.tanaka", "Security", "Head of security operations", "Leeds",
        "Security Administrator"),
    11: ("Hana Kovacs", "hana.kovacs", "IT", "Senior systems administrator", "Rotterdam", ""),
    23: ("Marcus Lindqvist", "marcus.lindqvist", "Sales", "Sales director", "Gdansk", ""),
    40: ("Elena Marsh", "elena.marsh", "Finance", "Accounts payable lead", "Leeds", ""),
    41: ("Robert Achterberg", "robert.achterberg", "Finance", "Chief financial officer",
         "Rotterdam", ""),
    42: ("Sofia Lindgren", "sofia.lindgren", "Executive", "Chief executive officer", "Leeds", ""),
    77: ("Nadia Okonkwo", "nadia.okonkwo", "Human Resources", "HR lead", "Leeds", ""),
    111: ("Daniel Reyes", "daniel.reyes", "IT", "Operations contractor", "Rotterdam", ""),
}  # fmt: skip

# Accounts without a person's desk.
_ACCOUNTS: tuple[tuple[str, str, str, str], ...] = (
    ("adm-hkovacs", "Hana Kovacs (admin)", "IT", "Global Administrator"),
    ("svc-backup", "Backup service", "IT", ""),
    ("svc-scan", "Vulnerability scanner", "Security", ""),
    ("svc-aadsync", "Directory synchronisation", "IT", "Directory Synchronization Accounts"),
)
TOTAL = 120
DESKS = TOTAL - len(_ACCOUNTS)

_WITHOUT_MULTIFACTOR = frozenset({"daniel.reyes", "svc-backup", "svc-scan"})


@cache
def people() -> tuple[Person, ...]:
    """Return everybody, in the order of their numbers."""
    jobs = [(name, title) for name, title, count in _DEPARTMENTS for _ in range(count)]
    found = [_person(number, *jobs[number * 7 % len(jobs)]) for number in range(DESKS)]
    for offset, (sam, name, department, role) in enumerate(_ACCOUNTS):
        title = "Service account" if sam.startswith("svc-") else "Privileged account"
        found.append(
            Person(
                DESKS + offset,
                name,
                sam,
                department,
                title,
                "Rotterdam",
                role,
                multifactor=sam not in _WITHOUT_MULTIFACTOR,
                service=True,
            )
        )
    return tuple(found)


@cache
def person(sam: str) -> Person:
    """Return one of them by account name."""
    return next(each for each in people() if each.sam == sam)


def _person(number: int, department: str, title: str) -> Person:
    if number in _KNOWN:
        name, sam, department, title, site, role = _KNOWN[number]
        return Person(
            number, name, sam, department, title, site, role, sam not in _WITHOUT_MULTIFACTOR
        )
    first = _FIRST[number % len(_FIRST)]
    last = _LAST[(number * 11 + number // len(_FIRST)) % len(_LAST)]
    return Person(
        number,
        f"{first} {last}",
        f"{first}.{last}".lower(),
        department,
        title,
        _SITE_TURN[number % len(_SITE_TURN)],
    )
