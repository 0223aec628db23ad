"""What an incident says of what belongs to it: how many there are, of which products, tactics."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel_mcp.errors import Conflict
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body
from sentinel_mcp.local.services.incidents.versions import Versions
from sentinel_mcp.local.services.writing import properties_of

_ATTEMPTS = 5
_BOOKMARK_TYPE = "microsoft.securityinsights/bookmarks"


class Counts:
    """Keeps an incident in step with its comments, tasks, alerts and bookmarks."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._versions = Versions(documents)

    def renew(self, incident: str, now: str) -> None:
        """Count anew, whoever else is writing the incident, and log its new version."""
        for attempt in range(1, _ATTEMPTS + 1):
            document = self._documents.get("incidents", incident)
            if document is None:
                return
            properties = properties_of(document)
            counted = properties.get("additionalData", {}) | self._counted(incident)
            changed = {**properties, "additionalData": counted, "lastModifiedTimeUtc": now}
            try:
                self._documents.put(
                    "incidents",
                    document["name"],
                    {**document, "properties": changed},
                    etag=document["etag"],
                )
            except Conflict:
                if attempt == _ATTEMPTS:
                    raise
            else:
                self._versions.record(incident, now)
                return

    def _counted(self, incident: str) -> Body:
        alerts = [properties_of(each) for each in self._documents.list("alerts", incident)]
        relations = [properties_of(each) for each in self._documents.list("relations", incident)]
        types = [str(each.get("relatedResourceType", "")).lower() for each in relations]
        counted: Body = {
            "bookmarksCount": types.count(_BOOKMARK_TYPE),
            "commentsCount": len(self._documents.list("comments", incident)),
        }
        if alerts:
            counted |= {
                "alertsCount": len(alerts),
                "alertProductNames": _each_once(each.get("productName") for each in alerts),
                "tactics": _each_once(
                    tactic for each in alerts for tactic in each.get("tactics", [])
                ),
            }
        return counted


def _each_once(found: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(each for each in found if each))
