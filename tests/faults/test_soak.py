"""A short form of the soak: `make soak` ingests 300 times."""

from __future__ import annotations

from pathlib import Path

import pytest
import soak


@pytest.mark.skipif(not hasattr(__import__("signal"), "SIGKILL"), reason="there is no SIGKILL")
def test_killed_ingests_and_new_scenarios_cost_no_row(tmp_path: Path) -> None:
    truth = soak.run(tmp_path / "store", 20, seed=7)

    assert len(truth.sent) == 20
    assert truth.kills > 0
    assert truth.reported
