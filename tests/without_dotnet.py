"""A pytest plugin for machines without .NET: skips what needs it, and counts what was skipped.

A test that is marked `needs_dotnet`, because it meets .NET in another process, is skipped before it
runs. Any other runs, and most pass; one that fails after Kusto.Language was asked for and was not
there is skipped. Where there is .NET, nothing of this happens.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Generator
from typing import cast

import pytest

from sentinel_mcp.kql import dotnet, validator

REASON = f"needs .NET. {dotnet.remedy()}"


class _Asked(logging.Handler):
    """Notes that a query was left to the grammar for want of .NET."""

    asked = False

    def emit(self, record: logging.LogRecord) -> None:
        self.asked = self.asked or record.msg == validator.NO_DOTNET


_asked = _Asked()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs_dotnet: starts a process of ours that needs .NET")
    if not dotnet.runtimes():
        logger = logging.getLogger(validator.__name__)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(_asked)


def pytest_runtest_setup(item: pytest.Item) -> None:
    _asked.asked = False
    if item.get_closest_marker("needs_dotnet") and not dotnet.runtimes():
        pytest.skip(REASON)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and _asked.asked:
        path, line, _ = item.location
        report.outcome = "skipped"
        report.longrepr = (path, (line or 0) + 1, f"Skipped: {REASON}")
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons: Counter[str] = Counter()
    for report in cast("list[pytest.TestReport]", terminalreporter.stats.get("skipped", [])):
        if isinstance(report.longrepr, tuple):
            reasons[report.longrepr[2].removeprefix("Skipped: ")] += 1
    if reasons:
        terminalreporter.section("skipped, by reason")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:>5}  {reason}")
