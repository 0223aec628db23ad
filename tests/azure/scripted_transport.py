"""A transport that answers from a script and remembers what it was asked, for the real clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Iterable,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResponseNotReadError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.core.utils import case_insensitive_dict

from sentinel_mcp.azure.context import AzureServicesContext
from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.settings import Settings, Workspace

WORKSPACE = Workspace(
    name="soc",
    subscription_id="11111111-1111-1111-1111-111111111111",
    resource_group="soc-rg",
    workspace_name="soc-logs",
    workspace_id="22222222-2222-2222-2222-222222222222",
)


@dataclass
class Reply:
    """One answer: its body in pieces, and the error that ends it, if it does not end well."""

    status: int = 200
    body: Sequence[bytes] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    broken_by: Exception | None = None
    hangs: bool = False  # after the last piece


def reply(content: object, status: int = 200, **headers: str) -> Reply:
    """Answer with JSON; `retry_after="1"` is the header Retry-After."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, [json.dumps(content).encode()], names)


class Answer(AsyncHttpResponse):
    """A reply on its way through the SDK's pipeline."""

    def __init__(self, request: HttpRequest, reply: Reply, hanging: asyncio.Event) -> None:
        self._request = request
        self._reply = reply
        self._hanging = hanging
        self._headers = case_insensitive_dict({"Content-Type": "application/json", **reply.headers})
        self._content: bytes | None = None
        self._closed = False
        self.pieces_read = 0

    @property
    def request(self) -> HttpRequest:
        return self._request

    @property
    def url(self) -> str:
        return self._request.url

    @property
    def status_code(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> MutableMapping[str, str]:
        return self._headers

    @property
    def reason(self) -> str:
        return f"status {self._reply.status}"

    @property
    def content_type(self) -> str:
        return self._headers["Content-Type"]

    @property
    def is_closed(self) -> bool:
        return self._closed

    @property
    def is_stream_consumed(self) -> bool:
        return self.pieces_read > 0

    @property
    def encoding(self) -> str | None:
        return "utf-8"

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        raise NotImplementedError

    @property
    def content(self) -> bytes:
        if self._content is None:
            raise ResponseNotReadError(self)
        return self._content

    def text(self, encoding: str | None = None) -> str:
        return self.content.decode(encoding or "utf-8")

    def json(self) -> Any:
        return json.loads(self.text())

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise HttpResponseError(response=self)

    async def read(self) -> bytes:
        if self._content is None:
            self._content = b"".join([piece async for piece in self.iter_bytes()])
        return self._content

    async def iter_raw(self, **kwargs: Any) -> AsyncIterator[bytes]:
        async for piece in self.iter_bytes(**kwargs):
            yield piece

    async def iter_bytes(self, **kwargs: Any) -> AsyncIterator[bytes]:
        for piece in self._reply.body:
            self.pieces_read += 1
            yield piece
        if self._reply.hangs:
            self._hanging.set()
            await asyncio.Event().wait()
        if self._reply.broken_by:
            raise self._reply.broken_by
        await self.close()

    async def close(self) -> None:
        self._closed = True

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class ScriptedTransport(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """Gives its replies one by one, the last one for ever; an exception is raised instead."""

    def __init__(self, *script: Reply | Exception) -> None:
        self._script = list(script)
        self.requests: list[HttpRequest] = []
        self.options: list[dict[str, Any]] = []
        self.answers: list[Answer] = []
        self.closed = 0
        self.hanging = asyncio.Event()

    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:
        # The headers as they are now: a retry sends the same request object.
        snapshot = HttpRequest(request.method, request.url, headers=dict(request.headers))
        self.requests.append(snapshot)
        self.options.append(kwargs)
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(step, Exception):
            raise step
        answer = Answer(request, step, self.hanging)
        self.answers.append(answer)
        if not kwargs.get("stream"):
            await answer.read()
        return answer

    async def open(self) -> None: ...

    async def close(self) -> None:
        self.closed += 1

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class Tokens:
    """A credential that numbers its tokens, or gives the same one each time."""

    def __init__(self, *, same: bool = False, refusal: Exception | None = None) -> None:
        self._same = same
        self._refusal = refusal
        self.scopes: list[str] = []
        self.closed = 0

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        self.scopes += scopes
        if self._refusal:
            raise self._refusal
        number = 1 if self._same else len(self.scopes)
        return AccessToken(f"token-{number}", 4_000_000_000)

    async def close(self) -> None:
        self.closed += 1

    async def __aenter__(self) -> Tokens:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class Clock:
    """Sleeps in no time, and adds up."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, duration_s: float) -> None:
        self.slept.append(duration_s)


@asynccontextmanager
async def opened(
    *script: Reply | Exception,
    read_only: bool = True,
    tokens: Tokens | None = None,
    workspace: Workspace = WORKSPACE,
) -> AsyncGenerator[Azure]:
    """Open the workspace over a scripted transport, with everything above it being real."""
    transport, credential, clock = ScriptedTransport(*script), tokens or Tokens(), Clock()
    workspaces = Workspaces(
        Settings(),
        [workspace],
        make_transport=lambda: transport,
        make_credential=lambda: credential,
        read_only=read_only,
        sleep=clock.sleep,
    )
    try:
        yield Azure(await workspaces.get(), transport, credential, clock)
    finally:
        await workspaces.aclose()


@dataclass
class Azure:
    """An opened workspace and the stand-ins below it."""

    context: AzureServicesContext
    transport: ScriptedTransport
    tokens: Tokens
    clock: Clock

    @property
    def sent(self) -> list[str]:
        """Method and URL of each request, in order."""
        return [f"{each.method} {each.url}" for each in self.transport.requests]


def rows_body(rows: Iterable[Sequence[object]], **rest: object) -> dict[str, object]:
    """The body of a query's answer with one table of columns c0, c1, …"""
    listed = [list(row) for row in rows]
    width = max((len(row) for row in listed), default=0)
    columns = [{"name": f"c{number}", "type": "string"} for number in range(width)]
    table = {"name": "PrimaryResult", "columns": columns, "rows": listed}
    return {"tables": [table], **rest}
