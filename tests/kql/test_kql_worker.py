"""The life of the worker process, seen through `Checker`."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import select
import signal
import subprocess
import sys
import warnings
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.without_dotnet import REASON

from sentinel_mcp.errors import TimedOut, Unavailable
from sentinel_mcp.kql.catalog import Catalog, TableSchema
from sentinel_mcp.kql.results import Column
from sentinel_mcp.kql.validator import CACHE_TTL_S, Checker

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(sys.platform != "linux", reason="stops and watches processes as Linux does"),
]

SMALL = Catalog("sentinel", {"T": TableSchema("T", (Column("a", "long"),))})


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mortal() -> AsyncGenerator[Checker]:
    """A checker whose worker the tests of this module may kill."""
    checker = Checker(timeout_s=60)
    if await checker.engine() != "kusto_language":
        pytest.skip(REASON)
    yield checker
    await checker.aclose()


def pid_of(checker: Checker) -> int:
    assert checker.worker_pid is not None
    return checker.worker_pid


def broken_runtime(folder: Path) -> Path:
    """Make a folder that looks like .NET and cannot be loaded."""
    (folder / "shared" / "Microsoft.NETCore.App" / "9.0.0").mkdir(parents=True)
    library = folder / "host" / "fxr" / "9.0.0" / "libhostfxr.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"not a library")
    return folder


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def outlived_by_no_worker() -> bool:
    """Kill a process that has a worker; tell whether the worker ends as well."""
    program = """if True:
        import asyncio, sys
        from sentinel_mcp.kql.validator import Checker

        async def main():
            checker = Checker()
            await checker.engine()
            print(checker.worker_pid, flush=True)
            sys.stdin.read()

        asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        ended, _, _ = select.select([worker], [], [], 20)
    os.close(worker)
    return bool(ended)


async def test_no_process_runs_before_the_first_query() -> None:
    assert Checker().worker_pid is None


async def test_versions_are_known_once_the_worker_runs(mortal: Checker) -> None:
    assert set(mortal.versions) == {"dotnet", "kusto_language"}
    assert int(mortal.versions["dotnet"].split(".")[0]) >= 8


async def test_a_worker_killed_between_two_queries_is_replaced(mortal: Checker) -> None:
    before = pid_of(mortal)
    os.kill(before, signal.SIGKILL)

    check = await mortal.check("T | where a == 1 // after a kill", SMALL)

    assert check.valid
    assert check.engine == "kusto_language"
    assert pid_of(mortal) != before


async def test_a_worker_killed_in_the_midst_of_a_query_answers_it_all_the_same(
    mortal: Checker,
) -> None:
    before = pid_of(mortal)
    os.kill(before, signal.SIGSTOP)  # so that it cannot answer before it is killed
    asked = asyncio.create_task(mortal.check("T | where a == 2 // in the midst", SMALL))
    await asyncio.sleep(0)
    os.kill(before, signal.SIGKILL)

    check = await asked

    assert check.valid
    assert check.engine == "kusto_language"
    assert pid_of(mortal) != before


async def test_callers_that_wait_are_served_by_the_next_worker(mortal: Checker) -> None:
    before = pid_of(mortal)
    os.kill(before, signal.SIGSTOP)
    asked = [
        asyncio.create_task(mortal.check(f"print Waited{index} = 1", SMALL)) for index in range(5)
    ]
    await asyncio.sleep(0)
    os.kill(before, signal.SIGKILL)

    names = [check.columns[0].name for check in await asyncio.gather(*asked) if check.columns]

    assert names == [f"Waited{index}" for index in range(5)]


async def test_a_cancelled_check_costs_neither_the_worker_nor_the_next_answer(
    mortal: Checker,
) -> None:
    before = pid_of(mortal)
    os.kill(before, signal.SIGSTOP)
    asked = asyncio.create_task(mortal.check("print Cancelled = 1", SMALL))
    for _ in range(5):  # until the question is in the pipe
        await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    os.kill(before, signal.SIGCONT)

    check = await mortal.check("print Asked = 1", SMALL)

    assert check.columns == (Column("Asked", "long"),)
    assert pid_of(mortal) == before


@pytest.mark.needs_dotnet
async def test_a_worker_that_hangs_is_given_up_in_time_and_replaced() -> None:
    checker = Checker(timeout_s=0.3)
    await checker.engine()
    before = pid_of(checker)
    os.kill(before, signal.SIGSTOP)

    with pytest.raises(TimedOut, match=r"within 0\.3 s") as given_up:
        await checker.check("print 1", SMALL)

    assert given_up.value.retryable
    assert await checker.engine() == "kusto_language"
    assert pid_of(checker) != before
    await checker.aclose()


async def test_the_worker_learns_nothing_of_azure(
    mortal: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hunter2")
    os.kill(pid_of(mortal), signal.SIGKILL)
    await mortal.check("print Secretive = 1", SMALL)

    environment = environment_of(pid_of(mortal))

    assert b"DOTNET_ROOT=" in environment
    assert b"AZURE" not in environment
    assert b"hunter2" not in environment


@pytest.mark.needs_dotnet
async def test_closing_leaves_no_process_and_no_open_pipe() -> None:
    checker = Checker()
    await checker.engine()
    pid = pid_of(checker)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        await checker.aclose()
        gc.collect()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert [str(each.message) for each in told] == []
    assert checker.worker_pid is None
    with pytest.raises(Unavailable):
        await checker.check("print 1", SMALL)


@pytest.mark.needs_dotnet
async def test_closing_ends_a_worker_that_hangs_and_whoever_waits_for_it() -> None:
    checker = Checker(timeout_s=60)
    await checker.engine()
    pid = pid_of(checker)
    os.kill(pid, signal.SIGSTOP)
    asked = asyncio.create_task(checker.check("print 1", SMALL))
    await asyncio.sleep(0)

    await checker.aclose()

    with pytest.raises(asyncio.CancelledError):
        await asked
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.needs_dotnet
async def test_the_worker_ends_with_the_process_that_started_it() -> None:
    assert outlived_by_no_worker()


async def test_a_query_that_two_workers_die_over_is_given_up(mortal: Checker) -> None:
    first = pid_of(mortal)
    os.kill(first, signal.SIGSTOP)
    asked = asyncio.create_task(mortal.check("print Deadly = 1", SMALL))
    await asyncio.sleep(0)
    os.kill(first, signal.SIGKILL)
    while mortal.worker_pid in (None, first):  # noqa: ASYNC110 another process tells no event
        await asyncio.sleep(0)
    # It has greeted and wants a schema before it can answer.
    os.kill(pid_of(mortal), signal.SIGKILL)

    with pytest.raises(Unavailable, match="died twice"):
        await asked

    assert (await mortal.check("print Healthy = 1", SMALL)).valid


async def test_without_a_runtime_the_grammar_checks_and_says_so_once(
    sentinel: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    checker = Checker(runtimes=list)

    with caplog.at_level(logging.WARNING):
        checks = [await checker.check(f"SigninLogs | take {index}", sentinel) for index in (1, 2)]

    assert [check.engine for check in checks] == ["grammar", "grammar"]
    assert [check.valid for check in checks] == [None, None]
    assert len(caplog.records) == 1
    assert "No .NET runtime" in caplog.text
    await checker.aclose()


async def test_a_runtime_that_does_not_load_gives_way_to_the_grammar_and_is_reported_once(
    sentinel: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[Path] = []

    def runtimes() -> list[Path]:
        tried.append(broken_runtime(tmp_path / "dotnet"))
        return tried

    checker = Checker(runtimes=runtimes)

    with caplog.at_level(logging.WARNING):
        assert await checker.engine() == "grammar"
        assert (await checker.check("SigninLogs | take 1", sentinel)).engine == "grammar"

    assert len(tried) == 1
    assert len(caplog.records) == 1
    assert str(tmp_path) in caplog.text
    assert "Error" in caplog.text  # the end of what the worker wrote to stderr
    await checker.aclose()


async def test_a_runtime_that_does_not_load_gives_way_to_one_that_does(
    mortal: Checker, tmp_path: Path
) -> None:
    from sentinel_mcp.kql.dotnet import runtimes

    checker = Checker(runtimes=lambda: [broken_runtime(tmp_path / "dotnet"), *runtimes()])

    assert await checker.engine() == "kusto_language"
    await checker.aclose()


async def test_a_verdict_is_kept_for_five_minutes_for_its_query_environment_and_schema() -> None:
    clock = Clock()
    checker = Checker(prefer_grammar=True, clock=clock)
    other = SMALL.with_tables([TableSchema("U", (Column("b", "long"),))])
    kept = await checker.check("T | take 1", SMALL)

    assert await checker.check("T | take 1", SMALL) is kept
    assert await checker.check("T | take 2", SMALL) is not kept
    assert await checker.check("T | take 1", other) is not kept
    clock.now += CACHE_TTL_S - 1
    assert await checker.check("T | take 1", SMALL) is kept
    clock.now += 1
    renewed = await checker.check("T | take 1", SMALL)
    assert renewed is not kept
    checker.forget()
    assert await checker.check("T | take 1", SMALL) is not renewed


async def test_the_cache_forgets_what_was_asked_longest_ago() -> None:
    checker = Checker(prefer_grammar=True)
    first = await checker.check("print 0", SMALL)
    for index in range(1, 600):
        await checker.check(f"print {index}", SMALL)
    last = await checker.check("print 599", SMALL)

    assert await checker.check("print 599", SMALL) is last
    assert await checker.check("print 0", SMALL) is not first
