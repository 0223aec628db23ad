"""Runs the command that the arguments name, and tells its failure in one line.

Exit codes, for every command:

* 0    done; what was asked is so
* 1    done; what was asked is not so: a query is invalid or failed, a check failed, a step failed
* 2    not done: the arguments or the settings are wrong, or a service cannot be had
* 130  interrupted
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from sentinel_mcp.cli.parser import build_parser
from sentinel_mcp.errors import SentinelError

INTERRUPTED = 130


class _Command(Protocol):
    def __call__(self, arguments: object) -> int: ...


def run(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and return the exit code."""
    parsed = build_parser().parse_args(arguments)
    # Only the module of the command that runs is imported: `serve` must not pay for `demo`.
    module = importlib.import_module(f"sentinel_mcp.cli.{parsed.module}")
    command = cast("_Command", module.run)
    try:
        return command(parsed)
    except SentinelError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has had enough; nothing more may reach it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
