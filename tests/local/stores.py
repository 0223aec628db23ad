"""Stores for tests: built once a run, copied for whoever changes one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from moment import MOMENT
from sentinel_mcp.local.store import Store
from sentinel_mcp.settings import LOCAL


def built_store(factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a store with nothing but the scenario; not to be changed.

    All test processes of a run share it; the store itself keeps all but the first waiting.
    """
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    directory = shared / "cache" / "local"
    Store.open(directory, now=MOMENT).close()
    return directory


def own_cache(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a cache folder whose embedded workspace a test may change."""
    folder = factory.mktemp(name)
    copied(built_store(factory), folder / LOCAL)
    return folder


def copied(store: Path, to: Path) -> Path:
    """Return a copy of a store's directory that a test may change."""
    to.mkdir(parents=True)
    for name in ("logs.duckdb", "logs.sound"):
        shutil.copy2(store / name, to / name)
    # By SQLite: who opens and closes the file itself takes away the locks that connections of the
    # same process have on it, and another process then spoils it.
    with (
        closing(sqlite3.connect(store / "resources.sqlite")) as original,
        closing(sqlite3.connect(to / "resources.sqlite")) as copy,
    ):
        original.backup(copy)
    return to
