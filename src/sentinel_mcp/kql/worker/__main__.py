"""`python -m sentinel_mcp.kql.worker`: started by the server, spoken to over its pipes."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from typing import BinaryIO


def main() -> None:
    """Keep the pipes for the protocol, start .NET, and serve."""
    requests, answers = _claim_pipes()
    # Ctrl+C reaches the whole group; the parent decides when its worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Imported after the pipes are safe: .NET and its loader may print.
    from sentinel_mcp.kql.worker.service import Service

    service = Service()
    gc.freeze()
    with contextlib.suppress(BrokenPipeError):
        service.run(requests, answers)
    # Without the interpreter's tear-down: that of .NET takes 0.1 s and can hang.
    sys.stderr.flush()
    os._exit(0)


def _claim_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout for the protocol; what anything prints goes to stderr."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


if __name__ == "__main__":
    main()
