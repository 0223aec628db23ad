r"""Finds out what values name, and under which other names the directory has them.

A person is `daniel.reyes@…` in one log, `CORP\dreyes` in another and a SID in a third. All tools
that look for values ask the directory in the same way, so that they look for the same names.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import Document, Scalar, flattened, text
from sentinel_mcp.domains.shared.entity import (
    Form,
    Subject,
    account_in_domain,
    read_value,
    subject_of,
)
from sentinel_mcp.domains.shared.schemas import Schemas
from sentinel_mcp.errors import InputError, SentinelError
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.kql.literals import identifier, list_, string

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext
    from sentinel_mcp.domains.shared.entity import Kind

DIRECTORY_TIMESPAN = "P14D"
"""UEBA writes the whole directory anew in this time, Sentinel its watchlists."""

MAX_ACCOUNTS = 1_000
MAX_CANDIDATES = 20

_FORM_COLUMNS: Mapping[Form, tuple[str, ...]] = {
    "upn": ("AccountUPN", "MailAddress"),
    "sam_name": ("AccountName", "SAMAccountName"),
    "sid": ("AccountSID", "AccountCloudSID", "OnPremSid"),
    "object_id": ("AccountObjectId",),
    "display_name": ("AccountDisplayName",),
}
_NAMES: Mapping[str, Form] = {
    "AccountUPN": "upn",
    "AccountName": "sam_name",
    "SAMAccountName": "sam_name",
    "AccountSID": "sid",
    "AccountCloudSID": "sid",
    "AccountObjectId": "object_id",
    "MailAddress": "email",
}
_PROFILE = (
    "AccountDomain", "AccountDisplayName", "JobTitle", "Department", "Manager", "Country", "City",
    "AssignedRoles", "GroupMembership", "IsAccountEnabled", "IsMFARegistered",
    "IsServiceAccount", "RiskLevel", "RiskState", "BlastRadius", "InvestigationPriority",
    "UserType",
)  # fmt: skip
_INVENTORY = (("Heartbeat", "Computer"), ("DeviceInfo", "DeviceName"))

NO_DIRECTORY = "IdentityInfo is not in this workspace: only the given name is searched for."


class Identification:
    """Tells what values name; what it cannot find out in time it says, and goes on."""

    def __init__(self, azure: AzureCalls, schemas: Schemas) -> None:
        self._azure = azure
        self._schemas = schemas

    async def one(
        self, context: AzureServicesContext, value: str, kind: Kind | None, seconds: float
    ) -> Subject:
        """Return what a value names.

        Raises:
            InputError: it cannot be of the kind that is given, or of any.

        """
        [subject] = await self.of(context, [read_value(value, kind)], seconds)
        return subject

    async def of(
        self, context: AzureServicesContext, subjects: Sequence[Subject], seconds: float
    ) -> list[Subject]:
        """Return the subjects with the names that the workspace knows of them, in their order."""
        if not any(each.kind == "account" or each.source == "guess" for each in subjects):
            return list(subjects)
        try:
            async with asyncio.timeout(max(seconds, 0)):
                return await self._looked_up(context, subjects, seconds)
        except TimeoutError:
            why = "it took too long"
        except SentinelError as error:
            why = str(error).removesuffix(".")
        note = f"The directory could not be asked ({why}): only the given name is searched for."
        return [
            account_in_domain(replace(each, notes=(*each.notes, note)))
            if each.kind == "account" or each.source == "guess"
            else each
            for each in subjects
        ]

    async def _looked_up(
        self, context: AzureServicesContext, subjects: Sequence[Subject], seconds: float
    ) -> list[Subject]:
        schema = await self._schemas.of("sentinel", context.config.name)
        known = None if schema.is_bundled else schema.present
        as_accounts = [_as_kind("account", each) for each in subjects]
        as_hosts = [_as_kind("host", each) if each.source == "guess" else None for each in subjects]
        has_directory = known is None or "IdentityInfo" in known
        columns = (
            {each.name for each in known["IdentityInfo"].columns}
            if known is not None and has_directory
            else documented_columns()
        )
        inventory = [(t, c) for t, c in _INVENTORY if known is None or t in known]
        accounts, hosts = await asyncio.gather(
            self._rows(
                context,
                "find accounts in the directory",
                accounts_query(filter(None, as_accounts), columns) if has_directory else None,
                seconds,
            ),
            self._rows(
                context,
                "find machines in the inventory",
                hosts_query(filter(None, as_hosts), inventory),
                seconds,
            ),
        )
        computers = {(text(each, "Host", 400) or "").casefold() for each in hosts}
        return [
            _identified(subject, account, host, accounts, computers, has_directory=has_directory)
            for subject, account, host in zip(subjects, as_accounts, as_hosts, strict=True)
        ]

    async def _rows(
        self, context: AzureServicesContext, operation: str, query: str | None, seconds: float
    ) -> list[dict[str, Any]]:
        if query is None:
            return []
        answer = await self._azure.query(
            context,
            operation,
            query,
            timespan=DIRECTORY_TIMESPAN,
            max_rows=MAX_ACCOUNTS,
            server_timeout_s=max(1, int(seconds)),
        )
        return answer.rows


def documented_columns() -> set[str]:
    """Return the columns of the directory's table where those of the workspace are not known."""
    return {each.name for each in bundled("sentinel").tables["IdentityInfo"].columns}


def accounts_query(subjects: Iterable[Subject], columns: set[str]) -> str | None:
    """Return KQL for the newest record of every account that has one of the names."""
    names: dict[Form, dict[str, None]] = {}
    for subject in subjects:
        for form in _FORM_COLUMNS:
            names.setdefault(form, {}).update(dict.fromkeys(subject.names.get(form, ())))
    conditions = [
        f"{column} in~ {list_(values)}"
        for form, values in names.items()
        if values
        for column in _FORM_COLUMNS[form]
        if column in columns
    ]
    if not conditions:
        return None
    kept = [each for each in (*_NAMES, *_PROFILE) if each in columns]
    return (
        f"IdentityInfo\n| where {' or '.join(conditions)}\n"
        "| extend Who = coalesce(AccountObjectId, AccountUPN, AccountSID)\n"
        f"| summarize arg_max(TimeGenerated, {', '.join(kept)}) by Who"
    )


def hosts_query(subjects: Iterable[Subject], inventory: Sequence[tuple[str, str]]) -> str | None:
    """Return KQL for the machines of the inventory that have one of the names."""
    full: dict[str, None] = {}
    short: dict[str, None] = {}
    for subject in subjects:
        full.update(dict.fromkeys(subject.of("fqdn", "host_name")))
        short.update(dict.fromkeys(subject.of("host_name") if not subject.of("fqdn") else ()))
    if not full or not inventory:
        return None
    legs = [
        f"({identifier(table)} | where {column} in~ {list_(full)}"
        + "".join(f" or {column} startswith {string(each + '.')}" for each in short)
        + f" | distinct {column} | project Host = {column})"
        for table, column in inventory
    ]
    return "union isfuzzy=true\n" + ",\n".join(legs) + "\n| distinct Host"


def _as_kind(kind: Kind, subject: Subject) -> Subject | None:
    if subject.kind == kind:
        return subject
    if subject.source != "guess":
        return None
    try:
        return subject_of(kind, subject.value, "workspace")
    except InputError:
        return None


def _identified(
    subject: Subject,
    account: Subject | None,
    host: Subject | None,
    accounts: Sequence[Document],
    computers: set[str],
    *,
    has_directory: bool,
) -> Subject:
    rows = _of_account(account, accounts) if account else []
    is_host = host is not None and any(_is_host(each, host) for each in computers)
    chosen = subject
    if subject.source == "guess":
        if rows and account is not None:
            chosen = replace(account, source="workspace", notes=subject.notes)
            if is_host:
                note = "There is an account and a host of this name; this is the account."
                chosen = replace(chosen, notes=(*chosen.notes, note))
        elif is_host and host is not None:
            return replace(host, source="workspace", notes=subject.notes)
        else:
            note = f"Guessed to be a {subject.kind}; give `kind` if it is something else."
            chosen = replace(subject, notes=(*subject.notes, note))
    if chosen.kind != "account":
        return chosen
    if not has_directory:
        return account_in_domain(replace(chosen, notes=(*chosen.notes, NO_DIRECTORY)))
    return account_in_domain(_with_directory(chosen, rows))


def _with_directory(subject: Subject, rows: Sequence[Document]) -> Subject:
    match rows:
        case []:
            note = "IdentityInfo has no such account: only the given name is searched for."
        case [row]:
            return replace(subject, names=_all_names(subject, row), profile=_profile(row))
        case _:
            who = [_called(each) for each in rows]
            shown = ", ".join(who[:MAX_CANDIDATES])
            note = f"{len(who)} accounts have this name: {shown}. Give the UPN or object id of one."
            return replace(
                subject, candidates=tuple(who[:MAX_CANDIDATES]), notes=(*subject.notes, note)
            )
    return replace(subject, notes=(*subject.notes, note))


def _of_account(subject: Subject, rows: Sequence[Document]) -> list[Document]:
    r"""Return the accounts that have one of the names; of `DOMAIN\name`, those of the domain."""
    wanted = {
        column: {each.casefold() for each in subject.names.get(form, ())}
        for form, columns in _FORM_COLUMNS.items()
        for column in columns
    }
    having = [
        row
        for row in rows
        if any((text(row, column, 400) or "").casefold() in each for column, each in wanted.items())
    ]
    for qualified in subject.names.get("nt_name", ()):
        domain = qualified.partition("\\")[0].casefold()
        within = [
            each
            for each in having
            if (text(each, "AccountDomain", 400) or "").casefold().partition(".")[0] == domain
            or (text(each, "AccountDomain", 400) or "").casefold() == domain
        ]
        having = within or having
    return having


def _is_host(computer: str, host: Subject) -> bool:
    full = {each.casefold() for each in host.of("fqdn")}
    short = {each.casefold() for each in host.of("host_name")}
    if full:
        return computer in full or computer in short
    return computer.partition(".")[0] in short


def _called(row: Document) -> str:
    return text(row, "AccountUPN", 400) or text(row, "AccountName", 400) or text(row, "Who") or "?"


def _all_names(subject: Subject, row: Document) -> Mapping[Form, tuple[str, ...]]:
    names: dict[Form, tuple[str, ...]] = dict(subject.names)
    for column, form in _NAMES.items():
        name = text(row, column, 400)
        if name and name.casefold() not in map(str.casefold, names.get(form, ())):
            names[form] = (*names.get(form, ()), name)
    return names


def _profile(row: Document) -> dict[str, Scalar]:
    given = {key: _decoded(value) for key, value in row.items() if key in _PROFILE}
    return flattened({key: value for key, value in given.items() if value not in ("", None)})


def _decoded(value: object) -> object:
    """Return what a dynamic cell holds: Azure sends it as JSON text."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        return value
