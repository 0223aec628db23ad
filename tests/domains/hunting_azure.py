"""Azure with resources of one kind that can be read and written, for the tests of what writes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import ServiceResponseError
from azure.core.rest import AsyncHttpResponse, HttpRequest
from tests.scripted import Reply, ScriptedAzure, refusal

Document = dict[str, Any]


class ShelfAzure(ScriptedAzure):
    """Holds documents by their names; compares etags, and numbers new ones.

    `lost` is the method of which the next answer gets lost once it was carried out, `denied` that
    which is refused, `before_write` what somebody else does just before any write.
    """

    def __init__(
        self,
        kind: str,
        *documents: Document,
        lost: str | None = None,
        denied: str | None = None,
        before_write: Callable[[ShelfAzure], None] | None = None,
    ) -> None:
        super().__init__({})
        self.kind = kind
        self.documents = {each["name"]: copy.deepcopy(each) for each in documents}
        self.lost = lost
        self.denied = denied
        self.before_write = before_write

    @property
    def written(self) -> list[str]:
        """The methods of the requests that were to change something."""
        return [each.method for each in self.requests if each.method != "GET"]

    def body(self) -> Any:
        """Return what the last request that writes sent."""
        request = next(each for each in reversed(self.requests) if each.method == "PUT")
        assert isinstance(request.content, str | bytes)
        return json.loads(request.content)

    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:
        path = urlsplit(request.url).path
        name = path.rpartition("/")[2]
        reply = self._reply(request, None if name == self.kind else name)
        if request.method == self.lost:
            self.lost = None
            self.requests.append(request)
            raise ServiceResponseError("The connection was closed.")
        self._routes = {f"{request.method} {name}": reply}
        return await super().send(request, **kwargs)

    def _reply(self, request: HttpRequest, name: str | None) -> Reply:
        if request.method == self.denied:
            return refusal(403, "AuthorizationFailed")
        if name is None:
            return Reply({"value": list(self.documents.values())})
        if request.method != "GET" and self.before_write:
            self.before_write(self)
        there = self.documents.get(name)
        match request.method:
            case "GET" if there:
                return Reply(there)
            case "PUT":
                return self._put(request, name, there)
            case "DELETE":
                self.documents.pop(name, None)
                return Reply({})
            case _:
                return refusal(404, "ResourceNotFound")

    def _put(self, request: HttpRequest, name: str, there: Document | None) -> Reply:
        assert isinstance(request.content, str | bytes)
        body: Document = json.loads(request.content)
        if there and body.get("etag") != there["etag"]:
            return refusal(409, "Conflict", "The etag is stale.")
        number = int(there["etag"].strip('"')) + 1 if there else 1
        self.documents[name] = {**body, "name": name, "etag": f'"{number}"'}
        is_new = there is None and self.kind == "bookmarks"  # Log Analytics says 200 to both
        return Reply(self.documents[name], 201 if is_new else 200)
