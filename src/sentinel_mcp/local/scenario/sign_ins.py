"""When everybody signed in last: what the directory says, and the rows that the logs have of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel_mcp.local.scenario.cases import cases
from sentinel_mcp.local.scenario.clock import DAYS, SATURDAY, At, Clock
from sentinel_mcp.local.scenario.events import sign_in
from sentinel_mcp.local.scenario.model import Row
from sentinel_mcp.local.scenario.names import SITE_EGRESS, SITES
from sentinel_mcp.local.scenario.people import Person, people, person

INTERACTIVE, BY_TOKEN = "SigninLogs", "AADNonInteractiveUserSignInLogs"

_ADMIN, _SYNC = "adm-hkovacs", "svc-aadsync"
_SYNC_EVERY_H = 3

_BEGIN, _END = 7, 18
"""The hours of a working day."""


@dataclass(slots=True)
class LastSignIns:
    """When an account signed in last; None where it never did."""

    interactive: datetime | None = None
    by_token: datetime | None = None
    successful: datetime | None = None

    def add(self, table: str, at: datetime, *, success: bool) -> None:
        """Take a sign-in in."""
        if table == INTERACTIVE:
            self.interactive = max(self.interactive or at, at)
        else:
            self.by_token = max(self.by_token or at, at)
        if success:
            self.successful = max(self.successful or at, at)


def at_work(who: Person, now: datetime) -> datetime:
    """Return when somebody with a desk last signed in at work; ordinary noise has nothing later."""
    latest = now - timedelta(minutes=10 + 3 * who.number)
    if latest.weekday() < SATURDAY and _BEGIN <= latest.hour < _END:
        return latest
    day = latest if latest.hour >= _BEGIN else latest - timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return day.replace(hour=_END - 2, minute=0, second=0) + timedelta(minutes=who.number * 7 % 110)


def by_token(who: Person, now: datetime) -> datetime:
    """Return when an application last renewed somebody's token; noise has nothing later."""
    return now - timedelta(minutes=5 + who.number * 7 % 55)


def rows(clock: Clock) -> Iterator[Row]:
    """Yield the last sign-in of everybody, and all of the accounts without a desk."""
    for who in people():
        if not who.service:
            yield _row(who, at_work(who, clock.now), clock, app="Microsoft Teams")
            yield _row(who, by_token(who, clock.now), clock, interactive=False)
    yield from _of_the_administrator(clock)
    sync = person(_SYNC)
    for step in range(DAYS * 24 // _SYNC_EVERY_H):
        at = clock.now - timedelta(minutes=7, hours=step * _SYNC_EVERY_H)
        yield _row(
            sync, at, clock, interactive=False, app="Microsoft Azure Active Directory Connect"
        )


def last_sign_ins(clock: Clock) -> dict[str, LastSignIns]:
    """Return, by the name that it signs in with, when each account signed in last."""
    found = {each.upn: LastSignIns() for each in people()}
    story = (row for case in cases(clock) for row in case.episode.rows)
    for row in _sign_ins([*rows(clock), *story]):
        cells = row.cells
        success = cells["ResultType"] == "0"
        found[cells["UserPrincipalName"]].add(row.table, clock.time(row.at), success=success)
    return found


def _of_the_administrator(clock: Clock) -> Iterator[Row]:
    """Yield the sign-ins of a privileged account: a few on every working day."""
    who = person(_ADMIN)
    for back in range(DAYS):
        day = clock.now - timedelta(days=back)
        morning = day.replace(hour=8, minute=20 + back, second=0)
        for hours in (0, 5):
            at = morning + timedelta(hours=hours)
            if clock.start < at < clock.now and at.weekday() < SATURDAY:
                yield _row(who, at, clock, app="Azure Portal")
        renewed = morning + timedelta(hours=1)
        if clock.start < renewed < clock.now and renewed.weekday() < SATURDAY:
            yield _row(who, renewed, clock, interactive=False, app="Azure Portal")


def _row(
    who: Person,
    at: datetime,
    clock: Clock,
    *,
    interactive: bool = True,
    app: str = "Office 365 Exchange Online",
) -> Row:
    moment = At("now", seconds=(at - clock.now).total_seconds())
    return sign_in(
        moment, who, SITE_EGRESS[who.site], app=app, asn=SITES[who.site][1],
        interactive=interactive, managed=not who.service, multifactor=who.multifactor,
        detail="MFA requirement satisfied by claim in the token" if who.multifactor else "",
    )  # fmt: skip


def _sign_ins(found: Iterable[Row]) -> Iterator[Row]:
    return (each for each in found if each.table in (INTERACTIVE, BY_TOKEN))
