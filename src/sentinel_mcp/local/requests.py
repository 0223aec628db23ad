"""What was asked of the embedded workspace: the last requests, for whoever counts them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT = 1000


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One answered request; `path` is without the query string, which tells what was searched."""

    method: str
    path: str
    status: int


class RequestLog:
    """The last requests, in the order in which their answers began."""

    def __init__(self, kept: int = KEPT) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=kept)

    def __iter__(self) -> Iterator[RequestRecord]:
        return iter(tuple(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def clear(self) -> None:
        """Forget what was asked so far."""
        self._records.clear()

    def watching(self, app: ASGIApp) -> ASGIApp:
        """Return `app` with each of its answers written down here."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    record = RequestRecord(scope["method"], scope["path"], message["status"])
                    self._records.append(record)
                await send(message)

            await app(scope, receive, noting)

        return watched
