"""The worker as a child process: started, asked one thing at a time, ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import cast

from sentinel_mcp.kql.protocol import HEADER, MAX_FRAME_BYTES, Message, decode, encode

_STDERR_KEPT = 40
_GRACE_S = 0.5

# SIGKILL and SIGTERM, which a process does not send itself; Windows has neither.
_KILLED = (-9, -15)


class WorkerDied(Exception):
    """The process ended before it answered; `killed` says that a signal from outside ended it."""

    def __init__(self, said: str, *, killed: bool) -> None:
        super().__init__(said or "it said nothing")
        self.said = said
        self.killed = killed


class WorkerHung(Exception):
    """The process did not answer in time; it is ended."""


class WorkerProcess:
    """One process that has greeted. Not for concurrent callers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said: deque[str] = deque(maxlen=_STDERR_KEPT)
        self._listener = asyncio.create_task(self._listen())
        self._number = 0
        self.versions: Mapping[str, str] = {}

    @classmethod
    async def start(
        cls, command: Sequence[str], environment: Mapping[str, str], *, timeout_s: float
    ) -> WorkerProcess:
        """Start the process and wait for its greeting.

        Raises:
            WorkerDied: it ended first; what it wrote to stderr tells why.
            WorkerHung: it did not greet in time.

        """
        worker = cls(
            await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=dict(environment),
            )
        )
        greeting = await worker._exchange(None, timeout_s)
        worker.versions = cast("dict[str, str]", greeting["hello"])
        return worker

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    async def ask(self, request: Message, *, timeout_s: float) -> Message:
        """Send a request and return its answer.

        Raises:
            WorkerDied: the process ended first.
            WorkerHung: there was no answer in time.

        """
        self._number += 1
        return await self._exchange(encode({**request, "id": self._number}), timeout_s)

    async def end(self) -> None:
        """Close its pipe, which ends it; kill it if it is busy with something else."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.returncode is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _GRACE_S)
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        # The pipes' transports close when they are read to the end.
        if self._process.stdout is not None:
            await self._process.stdout.read()
        await self._process.wait()
        await self._listener

    async def _exchange(self, frame: bytes | None, timeout_s: float) -> Message:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._write_and_read(frame)
        except TimeoutError as error:
            await self._kill()
            raise WorkerHung(f"no answer within {timeout_s:g} s") from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            await self.end()
            killed = self._process.returncode in _KILLED
            raise WorkerDied("\n".join(self._said), killed=killed) from error
        except asyncio.CancelledError:
            # Half an answer may be in the pipe, so nobody can use this process any more.
            await self._kill()
            raise

    async def _write_and_read(self, frame: bytes | None) -> Message:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # both were asked for at the start
            raise ConnectionError("the worker has no pipes")
        if frame is not None:
            stdin.write(frame)
            await stdin.drain()
        (size,) = cast("tuple[int]", HEADER.unpack(await stdout.readexactly(HEADER.size)))
        if size > MAX_FRAME_BYTES:
            raise ConnectionError(f"the worker announces {size} bytes")
        return decode(await stdout.readexactly(size))

    async def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.end()

    async def _listen(self) -> None:
        stream = self._process.stderr
        while stream is not None and (chunk := await stream.read(4096)):
            self._said.extend(chunk.decode("utf-8", "replace").splitlines())
