"""Owners of incidents: of the people in the directory, a client names one by any of their names."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast

from sentinel_mcp.local.services.caller import EMAIL, NAME, OBJECT_ID
from sentinel_mcp.local.services.faults import Body, bad_request
from sentinel_mcp.local.services.writing import text_of

_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FIELDS = ("objectId", "email", "assignedTo", "userPrincipalName")
_KNOWN_BY = ("objectId", "userPrincipalName", "email")


def owner_of(given: Any) -> Body:
    """Return the owner that a client states, whole where the directory has them."""
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise bad_request("The property 'owner' must be an object.")
    stated = {name: text_of(cast("Body", given), name) or None for name in _FIELDS}
    if (object_id := stated["objectId"]) and not _OBJECT_ID.fullmatch(object_id):
        raise bad_request("The property 'owner.objectId' must be a GUID.")
    for field in _KNOWN_BY:
        if (value := stated[field]) and (found := _directory().get(value.casefold())):
            return dict(found)
    return stated


@cache
def _directory() -> dict[str, Body]:
    # Loaded late: the scenario is not needed to open a workspace that is built already.
    from sentinel_mcp.local.scenario.people import people

    everybody = [(each.id, each.upn, each.name) for each in people()]
    found: dict[str, Body] = {}
    for object_id, mail, name in [*everybody, (OBJECT_ID, EMAIL, NAME)]:
        owner: Body = {
            "objectId": object_id,
            "email": mail,
            "assignedTo": name,
            "userPrincipalName": mail,
        }
        found[object_id.casefold()] = found[mail.casefold()] = owner
    return found
