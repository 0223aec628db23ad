"""Serves the embedded workspace to other processes: over TLS, on this machine only."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentinel_mcp.errors import ConfigError
from sentinel_mcp.local.certificate import ensure_certificate
from sentinel_mcp.local.services.answers import answer
from sentinel_mcp.local.services.faults import Fault
from sentinel_mcp.local.workspace import LocalWorkspace

LOOPBACK = "127.0.0.1"
CLOSING_S = 1
"""How long answers under way are waited for when the server is closed."""


@dataclass(frozen=True, slots=True)
class Loopback:
    """Where the embedded workspace is served; `authority` is the certificate file to trust."""

    url: str
    port: int
    authority: Path


@asynccontextmanager
async def serve_loopback(
    workspace: LocalWorkspace, *, port: int = 0, host: str = LOOPBACK
) -> AsyncGenerator[Loopback]:
    """Serve the workspace until the context is left; port 0 takes one that is free.

    The certificate is kept beside the store, its private key readable by the owner only. A host
    that is not of this machine alone, or a port that is taken, is a ConfigError.
    """
    with _listening(host, port) as listener:
        files = await asyncio.to_thread(ensure_certificate, workspace.directory / "tls")
        guests = _Guests(workspace.app)
        server = _Server(
            uvicorn.Config(
                guests,
                ssl_certfile=files.chain,
                ssl_keyfile=files.key,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=CLOSING_S,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.wait_until_ready(serving)
            bound = int(listener.getsockname()[1])
            name = f"[{host}]" if ":" in host else host
            yield Loopback(f"https://{name}:{bound}", bound, files.authority)
        finally:
            guests.dismiss()
            server.should_exit = True
            await serving


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    address = ipaddress.ip_address(LOOPBACK if host == "localhost" else _checked(host))
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    # With protocol 0, the default, asyncio leaves Nagle's algorithm on: 48 ms a request, not 4.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((str(address), port))
        except OSError as error:
            raise ConfigError(
                f"Port {port} of {host} cannot be used: {error.strerror}.",
                hint="Choose another port, or 0 for one that is free.",
            ) from error
        yield listener


def _checked(host: str) -> str:
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass  # a name: nothing but `localhost` is sure to stay on this machine
    raise ConfigError(
        f"The embedded workspace is not served on {host!r}: it takes any token.",
        hint=f"Use {LOOPBACK}, ::1 or localhost.",
    )


class _Guests:
    """The application, and the requests in it; those that are left at the end are sent home.

    Uvicorn would cancel them only after a while, and log each as a failure.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._present: set[asyncio.Task[object]] = set()
        self._dismissed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answered = False

        async def noting(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an ASGI application runs in a task")
        self._present.add(task)
        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if not self._dismissed:
                raise
            if not answered:
                gone = Fault(503, "ServiceUnavailable", "The embedded workspace is closing.")
                await answer(gone.body(), gone.status)(scope, receive, send)
        finally:
            self._present.discard(task)

    def dismiss(self) -> None:
        """End every request."""
        self._dismissed = True
        for task in tuple(self._present):
            task.cancel()


class _Server(uvicorn.Server):
    """Uvicorn that tells when it is ready, and leaves signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets=sockets)
        self._ready.set()

    async def wait_until_ready(self, serving: asyncio.Task[None]) -> None:
        """Wait until connections are taken; raise what keeps them from it."""
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({ready, serving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if serving.done():
            serving.result()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield
