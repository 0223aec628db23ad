"""Sends every log record to the standard error, which is never the protocol's."""

from __future__ import annotations

import logging
import os
import sys
from typing import Literal

Level = Literal["debug", "info", "warning", "error"]


def prepare_logging(level: Level) -> None:
    """Set logging up; call it before FastMCP is imported."""
    # FastMCP reads these at import: its own coloured log, its banner and its look at PyPI for a
    # newer release are off, and a `.env` file of whatever folder this runs in is not its settings.
    os.environ.setdefault("FASTMCP_LOG_ENABLED", "false")
    os.environ.setdefault("FASTMCP_SHOW_SERVER_BANNER", "false")
    os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
    os.environ.setdefault("FASTMCP_ENV_FILE", os.devnull)
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


class _Stderr(logging.Handler):
    """Writes to whatever is the standard error at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except (OSError, ValueError):  # nobody reads it any more
            self.handleError(record)
