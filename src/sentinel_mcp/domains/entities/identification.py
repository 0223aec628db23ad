"""Finds out what a value names, and under which other names the directory has it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import Scalar, flattened, text, whole
from sentinel_mcp.domains.entities.kql import knowledge
from sentinel_mcp.domains.entities.kql.sightings import Presence
from sentinel_mcp.domains.entities.presence import Presences
from sentinel_mcp.domains.entities.rows import decoded
from sentinel_mcp.domains.entities.subjects import (
    Form,
    Kind,
    Subject,
    account_in_domain,
    kind_by_form,
    refanged,
    subject_of,
)
from sentinel_mcp.errors import InputError, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

DIRECTORY_TIMESPAN = "P14D"
"""UEBA writes the whole directory anew in this time, Sentinel its watchlists."""

_NAMED: Mapping[str, Form] = {
    "AccountUPN": "upn",
    "AccountName": "sam_name",
    "SAMAccountName": "sam_name",
    "AccountSID": "sid",
    "AccountObjectId": "object_id",
    "MailAddress": "email",
}


class Identification:
    """Tells the subject of a call; what it cannot find out in time it says, and goes on."""

    def __init__(self, azure: AzureCalls, presences: Presences) -> None:
        self._azure = azure
        self._presences = presences

    async def presence(
        self, context: AzureServicesContext, seconds: float
    ) -> tuple[Presence | None, list[str]]:
        """Return what tables there are, and what is to be said of it; None is not known."""
        try:
            async with asyncio.timeout(max(seconds, 0)):
                known = await self._presences.of(context)
        except TimeoutError:
            why = "it took too long"
        except SentinelError as error:
            why = str(error).removesuffix(".")
        else:
            return known.presence, [_apart(known.apart)] if known.apart else []
        return None, [f"Which tables the workspace has could not be read ({why}): all were tried."]

    async def subject(
        self,
        context: AzureServicesContext,
        value: str,
        kind: Kind | None,
        presence: Presence | None,
        seconds: float,
    ) -> Subject:
        """Return what the value names.

        Raises:
            InputError: it cannot be of the kind that is given, or of any.

        """
        given = value.strip()
        if not given:
            raise InputError("The value is empty.", hint="Give a name, address, hash or URL.")
        stated = refanged(given)
        found = subject_of(kind, stated, "given") if kind else None
        if found is None:
            likely, certain = kind_by_form(stated)
            found = subject_of(likely, stated, "form" if certain else "guess")
        if stated != given:
            found = replace(found, notes=(f"Searched for as {stated!r}.", *found.notes))
        try:
            async with asyncio.timeout(max(seconds, 0)):
                if found.source == "guess":
                    found = await self._looked_up(context, found, presence, seconds)
                if found.kind == "account":
                    found = await self._in_directory(context, found, presence, seconds)
        except (TimeoutError, SentinelError) as error:
            why = error.message if isinstance(error, SentinelError) else "it took too long"
            note = f"The directory could not be asked ({why}): only the given name is searched for."
            found = replace(found, notes=(*found.notes, note))
        return account_in_domain(found)

    async def _looked_up(
        self,
        context: AzureServicesContext,
        guess: Subject,
        presence: Presence | None,
        seconds: float,
    ) -> Subject:
        """Return the account or machine of that name, if the workspace knows one."""
        account, host = (_maybe(each, guess.value) for each in ("account", "host"))
        query = knowledge.kinds(account, host, presence)
        if query is None:
            return guess
        counted = await self._azure.query(
            context,
            "find out what a name names",
            query,
            timespan=DIRECTORY_TIMESPAN,
            server_timeout_s=max(1, int(seconds)),
        )
        known = {text(row, "Kind") for row in counted.rows if whole(row, "Events")}
        for kind, subject in (("account", account), ("host", host)):
            if kind in known and subject is not None:
                note = f"There is an account and a host of this name; this is the {kind}."
                notes = (*guess.notes, note) if len(known) > 1 else guess.notes
                return replace(subject, source="workspace", notes=notes)
        note = f"Guessed to be a {guess.kind}; give `kind` if it is something else."
        return replace(guess, notes=(*guess.notes, note))

    async def _in_directory(
        self,
        context: AzureServicesContext,
        subject: Subject,
        presence: Presence | None,
        seconds: float,
    ) -> Subject:
        query = knowledge.identity(subject, presence)
        if query is None:
            note = "IdentityInfo is not in this workspace: only the given name is searched for."
            return replace(subject, notes=(*subject.notes, note))
        answer = await self._azure.query(
            context,
            "find the account in the directory",
            query,
            timespan=DIRECTORY_TIMESPAN,
            server_timeout_s=max(1, int(seconds)),
        )
        match answer.rows:
            case []:
                note = "IdentityInfo has no such account: only the given name is searched for."
            case [row]:
                return replace(subject, names=_all_names(subject, row), profile=_profile(row))
            case _:
                note = "IdentityInfo has several such accounts; give the UPN or object id of one."
        return replace(subject, notes=(*subject.notes, note))


def _apart(tables: tuple[str, ...]) -> str:
    return (
        f"Not searched, since their plan allows no query over several tables: {', '.join(tables)}. "
        "`run_query` reads each alone."
    )


def _maybe(kind: Kind, value: str) -> Subject | None:
    try:
        return subject_of(kind, value, "guess")
    except InputError:
        return None


# Any: cells of many kinds; `text` takes what is text.
def _all_names(subject: Subject, row: Mapping[str, Any]) -> Mapping[Form, tuple[str, ...]]:
    found: dict[Form, tuple[str, ...]] = dict(subject.names)
    for column, form in _NAMED.items():
        if name := text(row, column, 400):
            known = found.get(form, ())
            if name.casefold() not in map(str.casefold, known):
                found[form] = (*known, name)
    return found


def _profile(row: Mapping[str, Any]) -> dict[str, Scalar]:
    told = {key: decoded(value) for key, value in row.items() if key not in ("Who", *_NAMED)}
    return flattened({key: value for key, value in told.items() if value not in ("", None)})
