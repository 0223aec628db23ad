"""Which entities a rule names, and in which columns of its results."""

from __future__ import annotations

from typing import Any

from sentinel_mcp.domains.documents import Document, inner, inners, strings, text
from sentinel_mcp.domains.rules.models import MappingInput
from sentinel_mcp.errors import InputError

ENTITY_TYPES = (
    "Account",
    "AzureResource",
    "CloudApplication",
    "DNS",
    "File",
    "FileHash",
    "Host",
    "IP",
    "MailCluster",
    "MailMessage",
    "Mailbox",
    "Malware",
    "Process",
    "RegistryKey",
    "RegistryValue",
    "SecurityGroup",
    "SubmissionMail",
    "URL",
)


def entity_type(stated: str) -> str:
    """Return a type of entity as Azure spells it: `ip` is `IP`.

    Raises:
        InputError: there is no such type.

    """
    for each in ENTITY_TYPES:
        if each.casefold() == stated.strip().casefold():
            return each
    raise InputError(
        f"{stated[:60]!r} is not a type of entity that rules map.",
        hint=f"Types are {', '.join(ENTITY_TYPES)}.",
    )


def require_mapped(properties: Document) -> None:
    """Refuse to group alerts by entities that the rule does not map, as Azure does.

    Raises:
        InputError: one is not mapped.

    """
    grouping = inner(inner(properties, "incidentConfiguration"), "groupingConfiguration")
    mapped = {text(each, "entityType") for each in inners(properties, "entityMappings")}
    unmapped = [each for each in strings(grouping, "groupByEntities") if each not in mapped]
    if unmapped and not properties.get("sentinelEntitiesMappings"):
        raise InputError(
            f"Alerts would be grouped by {', '.join(unmapped)}, which the rule does not map.",
            hint="Map it in `entities`, or leave it out of `group_by`.",
        )


def mapping(stated: MappingInput) -> dict[str, Any]:  # Any: JSON
    """Return a mapping as Azure takes it.

    Raises:
        InputError: there is no such type of entity, or no column is named.

    """
    if not stated.columns:
        raise InputError(
            f"The mapping of {stated.entity[:60]!r} names no column.",
            hint="Give `columns` such as {'Address': 'IPAddress'}.",
        )
    return {
        "entityType": entity_type(stated.entity),
        "fieldMappings": [
            {"identifier": identifier, "columnName": column}
            for identifier, column in stated.columns.items()
        ],
    }
