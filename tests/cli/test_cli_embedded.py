"""The embedded workspace as a server opens it: late, once, and again after a failure."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moment import clock
from sentinel_mcp.cli.embedded import Embedded
from sentinel_mcp.errors import ConfigError
from sentinel_mcp.kql.validator import Checker


async def test_making_a_transport_opens_nothing(tmp_path: Path) -> None:
    checker = Checker()
    embedded = Embedded(tmp_path / "store", checker, clock())

    embedded.make_transport()
    embedded.make_credential()
    await embedded.aclose()
    await checker.aclose()

    assert not (tmp_path / "store").exists()


async def test_all_who_ask_get_the_same_workspace(cache_dir: Path) -> None:
    checker = Checker()
    embedded = Embedded(cache_dir / "local", checker, clock())

    first, second = await asyncio.gather(embedded.opened(), embedded.opened())
    await embedded.aclose()
    await checker.aclose()

    assert first is second


async def test_a_failed_opening_is_tried_anew(cache_dir: Path, tmp_path: Path) -> None:
    checker = Checker()
    folder = tmp_path / "store"
    folder.write_text("a file where the folder should be", encoding="utf-8")
    embedded = Embedded(folder, checker, clock())

    with pytest.raises(ConfigError, match="cannot be made"):
        await embedded.opened()
    folder.unlink()
    folder.symlink_to(cache_dir / "local")
    workspace = await embedded.opened()
    tables = workspace.store.tables()
    await embedded.aclose()
    await checker.aclose()

    assert tables
