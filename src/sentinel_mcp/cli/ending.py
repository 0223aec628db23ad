"""Ends a server over stdio in time: at Ctrl+C, at SIGTERM, and when the client closes stdin.

The protocol's reader blocks in a thread that nothing can interrupt, so the process reads stdin
itself and hands it on through a pipe of its own. To end the server, that pipe is cut: whatever
the reason, the server sees the end of its input and shuts down in order.

    client -> fd 0 -> pump (daemon thread) -> pipe -> new fd 0 -> server
                                               ^ cut by a signal
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from types import FrameType

GRACE_S = 1.0
"""How long an orderly end may take: half of the 2 s that a client waits before it kills, since
the timer itself is late where an import or a full machine keeps the interpreter busy."""

_CHUNK_BYTES = 64 * 1024


class Ending:
    """The end of this process: begun once, by whatever comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipe: int | None = None
        self._begun = False

    def take_over_stdin(self) -> None:
        """Put a pipe in the place of stdin, filled from the real one."""
        real = os.dup(0)
        read_end, write_end = os.pipe()
        os.dup2(read_end, 0)
        os.close(read_end)
        self._pipe = write_end
        threading.Thread(target=self._pump, args=(real, write_end), daemon=True).start()

    def on_signals(self) -> None:
        """Let SIGINT and SIGTERM begin the end; call it in the running loop."""
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                asyncio.get_running_loop().add_signal_handler(number, self.begin)
            except NotImplementedError:  # Windows' loops have none
                signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.begin()

    def begin(self) -> None:
        """End the server's input, and the process itself if the server takes too long."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
        limit = threading.Timer(GRACE_S, _leave)
        limit.daemon = True
        limit.start()
        if self._pipe is not None:
            # Replaced rather than closed: the pump may be about to write, and the number of a
            # closed descriptor belongs to whoever opens the next one.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._pipe, inheritable=False)

    def _pump(self, real: int, write_end: int) -> None:
        with contextlib.suppress(OSError):  # stdin is gone, or the server has ended already
            while chunk := os.read(real, _CHUNK_BYTES):
                left = memoryview(chunk)
                while left:
                    left = left[os.write(write_end, left) :]
        self.begin()


def _leave() -> None:
    """End the process where an orderly end does not come: a query still runs in a thread."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(0)
