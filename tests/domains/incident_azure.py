"""Azure with incidents that can be read and written, for the tests of what writes them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import ServiceResponseError
from azure.core.rest import AsyncHttpResponse, HttpRequest
from tests.scripted import Reply, ScriptedAzure, refusal

NAME = "73e01a99-5cd7-4139-a149-9f2736ff2ab5"
PATH = f"incidents/{NAME}"
SENTINEL = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/security"
    "/providers/Microsoft.OperationalInsights/workspaces/soc-logs"
    "/providers/Microsoft.SecurityInsights"
)

Document = dict[str, Any]


def incident(**properties: object) -> Document:
    return {
        "id": f"{SENTINEL}/{PATH}",
        "name": NAME,
        "type": "Microsoft.SecurityInsights/incidents",
        "etag": '"1"',
        "properties": {
            "title": "Phishing",
            "description": "A mail.",
            "severity": "Low",
            "status": "New",
            "owner": {"objectId": None, "email": None, "assignedTo": None},
            "labels": [{"labelName": "mail", "labelType": "User"}],
            "incidentNumber": 7,
            "createdTimeUtc": "2026-11-20T08:00:00Z",
            "lastModifiedTimeUtc": "2026-11-20T08:00:00Z",
            "firstActivityTimeUtc": "2026-11-20T07:00:00Z",
            "additionalData": {"commentsCount": 1},
            "relatedAnalyticRuleIds": [],
            "teamInformation": {"name": "Blue"},
            "somethingNew": {"of": "Azure"},
            **properties,
        },
    }


class IncidentAzure(ScriptedAzure):
    """Holds documents by their path; compares etags, and numbers them 1, 2, 3.

    `lost` says of which `METHOD path-beginning` the next answer gets lost once it was carried
    out, `refusals` which are refused, `before_write` what happens just before any write.
    """

    def __init__(
        self,
        *,
        documents: Mapping[str, Document] | None = None,
        lost: str | None = None,
        refusals: Mapping[str, Reply] | None = None,
        before_write: Callable[[IncidentAzure], None] | None = None,
    ) -> None:
        super().__init__({})
        self.documents = copy.deepcopy({PATH: incident(), **(documents or {})})
        self.lost = lost
        self.refusals = dict(refusals or {})
        self.before_write = before_write

    @property
    def written(self) -> list[str]:
        """The requests that were to change something."""
        return [each for each in self.sent if not each.startswith("GET ")]

    def body(self, index: int = -1) -> Any:
        """Return what a request sent."""
        return body_of(self.requests[index])

    def of(self, folder: str) -> list[Document]:
        """Return what is within a folder of the incident."""
        start = f"{PATH}/{folder}/"
        return [each for path, each in self.documents.items() if path.startswith(start)]

    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:
        path = urlsplit(request.url).path.partition("/Microsoft.SecurityInsights/")[2]
        asked = f"{request.method} {path}"
        self._routes = {f"{request.method} {path}": self._reply(request, path, asked)}
        if self.lost and asked.startswith(self.lost):
            self.lost = None
            self.requests.append(request)
            raise ServiceResponseError("the connection was closed")
        return await super().send(request, **kwargs)

    def _reply(self, request: HttpRequest, path: str, asked: str) -> Reply:
        for start, reply in self.refusals.items():
            if asked.startswith(start):
                return reply
        if request.method == "GET":
            return self._read(path)
        if self.before_write:
            meddle, self.before_write = self.before_write, None
            meddle(self)
        if request.method == "PUT":
            return self._put(path, body_of(request))
        return Reply("", 204) if asked == f"POST {PATH}/runPlaybook" else Reply({}, 404)

    def _read(self, path: str) -> Reply:
        if found := self.documents.get(path):
            return Reply(found)
        if path == "incidents":
            return Reply({"value": [self.documents[PATH]]})
        if path in (f"{PATH}/relations", f"{PATH}/comments"):
            return Reply({"value": self.of(path.rpartition("/")[2])})
        return refusal(404, "NotFound", "Not found.")

    def _put(self, path: str, body: Document) -> Reply:
        before = self.documents.get(path)
        etag = before["etag"] if before else None
        if body.get("etag") not in (None, etag):
            return refusal(409, "Conflict", "The etag is not the newest.")
        kept: Document = before["properties"] if before and path == PATH else {}
        self.documents[path] = {
            "id": f"{SENTINEL}/{path}",
            "name": path.rpartition("/")[2],
            "etag": f'"{int(etag.strip(chr(34))) + 1 if etag else 1}"',
            "properties": {
                **{key: kept[key] for key in ("incidentNumber", "additionalData") if key in kept},
                **body["properties"],
            },
        }
        return Reply(self.documents[path], 200 if before else 201)


def body_of(request: HttpRequest) -> Any:
    content = request.content
    return json.loads(content) if content else None
