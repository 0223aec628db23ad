"""Ingests many times while processes are killed and scenarios change; nothing may be lost.

    python tests/faults/soak.py [--count 300] [--seed N] [--bundled]

Two writers, each a process of its own, ingest batches of varied size and change documents. Some are
killed at a random moment, and the scenario is built anew in between because a day has passed. What
a writer has reported must be there afterwards, exactly once and to the last value; what it was
killed over must be there wholly or not at all. A reader checks this all the while. The truth is
kept here, apart from the store.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))

from sentinel_mcp.errors import Busy  # noqa: E402 - below a line that runs
from small_store import SMALL, Store, ingest_rows  # noqa: E402 - found by the line above

TABLES = ("First_CL", "Second_CL", "SecurityEvent", "Syslog")
VALUES = ("number", "large number", "fraction", "text", "mixed")
START = datetime.fromisoformat("2026-03-01T00:00:00Z")
DAY = timedelta(hours=26)
PATIENCE = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are ingested together, and when."""

    name: str
    table: str
    rows: int
    width: int
    values: str
    day: int

    def records(self) -> Iterator[dict[str, object]]:
        """Yield the rows as they are in the file."""
        for number in range(self.rows):
            yield {
                "TimeGenerated": "2025-01-01T00:00:00Z",
                "Batch": self.name,
                "Number": number,
                "Value": self.value(number),
                "Fill": f"{self.name}/{number}/" * self.width,
            }

    def value(self, number: int) -> object:
        """Return what changes the type of its column from batch to batch."""
        match VALUES[number % 4] if self.values == "mixed" else self.values:
            case "number":
                return number
            case "large number":
                return 2**60 + number
            case "fraction":
                return number + 0.5
            case _:
                return f"value {number}"


@dataclass
class Truth:
    """What writers were told to do and what they reported."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    sent: dict[str, Batch] = field(default_factory=dict[str, Batch])
    reported: set[str] = field(default_factory=set[str])
    changed: set[str] = field(default_factory=set[str])
    kills: int = 0
    reads: int = 0
    day: int = 0
    took_s: float = 0.5


def open_store(directory: Path, day: int, *, bundled: bool) -> Store:
    """Open the store as it is some days after the start."""
    scenario = None if bundled else SMALL
    return Store.open(directory, now=START + day * DAY, scenario=scenario)


class Writer:
    """A process that ingests what it is told, one batch after the other."""

    def __init__(self, directory: Path, *, bundled: bool) -> None:
        command = [sys.executable, str(HERE), "--writer", str(directory)]
        self.process = subprocess.Popen(
            [*command, "--bundled"] if bundled else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._reports(1)

    def send(self, batch: Batch) -> None:
        """Have it ingest a batch."""
        assert self.process.stdin
        fields = {name: getattr(batch, name) for name in Batch.__slots__}
        self.process.stdin.write(json.dumps(fields) + "\n")
        self.process.stdin.flush()

    def reports(self) -> Iterator[str]:
        """Yield what it reports of one batch; nothing more once it is killed."""
        yield from self._reports(2)

    def _reports(self, count: int) -> list[str]:
        assert self.process.stdout
        return [line.strip() for _ in range(count) if (line := self.process.stdout.readline())]

    def end(self) -> int:
        """Let it end by itself; return its exit code."""
        self.process.communicate()
        return self.process.returncode


def write(directory: Path, *, bundled: bool) -> None:
    """Ingest what comes on the standard input: the work of a writer's process."""
    _say("ready")
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            batch = Batch(**json.loads(line))
            patiently(partial(_ingest, directory, batch, Path(folder), bundled=bundled))
            _say(f"ingested {batch.name}")
            patiently(partial(_change, directory, batch, bundled=bundled))
            _say(f"changed {batch.name}")


def _ingest(directory: Path, batch: Batch, folder: Path, *, bundled: bool) -> None:
    now = START + batch.day * DAY
    scenario = None if bundled else SMALL
    ingest_rows(directory, batch.table, batch.records(), folder, now=now, scenario=scenario)


def _change(directory: Path, batch: Batch, *, bundled: bool) -> None:
    with open_store(directory, batch.day, bundled=bundled) as store:
        store.documents.put("incidents", f"own-{batch.name}", {"batch": batch.name})
        store.documents.append_rows("Syslog", [{"Computer": batch.name}])


def patiently(work: Callable[[], T]) -> T:
    """Do it again where it says to try again: others may build for minutes on a busy machine."""
    for _ in range(PATIENCE):
        try:
            return work()
        except Busy:
            continue
    return work()


def run(directory: Path, count: int, seed: int, *, bundled: bool = False) -> Truth:
    """Ingest `count` batches, kill some writers, read all the while; check everything."""
    truth = Truth()
    open_store(directory, 0, bundled=bundled).close()
    halves = [range(0, count, 2), range(1, count, 2)]
    problems: list[BaseException] = []

    def write_half(numbers: range) -> None:
        try:
            _write_all(directory, numbers, seed, truth, bundled=bundled)
        except BaseException as error:  # told by the thread that waits
            problems.append(error)
            raise

    threads = [threading.Thread(target=write_half, args=(half,)) for half in halves]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        with patiently(partial(open_store, directory, truth.day, bundled=bundled)) as reader:
            for _ in range(10):
                with truth.lock:
                    promised = set(truth.reported)
                check_rows(reader, truth, promised)
                truth.reads += 1
    for each in threads:
        each.join()
    assert not problems, problems
    for day in (truth.day, truth.day + 1):
        with open_store(directory, day, bundled=bundled) as store:
            check_rows(store, truth, truth.reported)
            check_values(store, truth)
            check_documents(store, truth)
            assert not any("damaged" in each for each in store.notices), store.notices
    assert not list(directory.glob("*.corrupt-*"))
    return truth


def _write_all(directory: Path, numbers: range, seed: int, truth: Truth, *, bundled: bool) -> None:
    choose = random.Random(f"{seed}/{numbers.start}")
    writer = Writer(directory, bundled=bundled)
    for number in numbers:
        with truth.lock:
            truth.day += choose.random() < (0.02 if bundled else 0.1)
            batch = Batch(
                name=f"batch-{number:04}",
                table=choose.choice(TABLES),
                rows=choose.choice((1, choose.randint(2, 50), choose.randint(500, 6_000))),
                width=choose.choice((1, 1, choose.randint(2, 60))),
                values=choose.choice(VALUES),
                day=truth.day,
            )
            truth.sent[batch.name] = batch
        began = time.monotonic()
        writer.send(batch)
        killer = None
        if choose.random() < 0.4:
            killer = threading.Timer(choose.uniform(0, 1.3 * truth.took_s), writer.process.kill)
            killer.start()
        for report in writer.reports():
            what, _, name = report.partition(" ")
            assert name == batch.name
            with truth.lock:
                (truth.reported if what == "ingested" else truth.changed).add(name)
        if killer:
            killer.join()
            writer.end()
            truth.kills += 1
            writer = Writer(directory, bundled=bundled)
        else:
            assert batch.name in truth.changed, f"{batch} was not taken, and nobody killed it"
            truth.took_s = (truth.took_s + time.monotonic() - began) / 2
    assert writer.end() == 0


def check_rows(store: Store, truth: Truth, promised: set[str]) -> None:
    """See that what was promised is there once, and that no batch is there in part."""
    there: dict[str, list[tuple[str, int, int]]] = {}
    for table in TABLES:
        for name, rows, different in _batches(store, table):
            there.setdefault(name, []).append((table, rows, different))
    with truth.lock:
        sent = dict(truth.sent)
    for name, places in there.items():
        batch = sent[name]
        assert places == [(batch.table, batch.rows, batch.rows)], (batch, places)
    assert promised <= there.keys(), f"lost: {sorted(promised - there.keys())}"


def _batches(store: Store, table: str) -> list[tuple[str, int, int]]:
    known = store.tables().get(table)
    if known is None or all(each.name != "Batch" for each in known.columns):
        return []
    with store.reading() as connection:
        return connection.execute(
            f'SELECT "Batch", count(*), count(DISTINCT "Number") FROM "{table}" '
            "WHERE \"Batch\" != '' GROUP BY 1"
        ).fetchall()


def check_values(store: Store, truth: Truth) -> None:
    """See that each value is what it was in the file, whatever its column's type became."""
    for table in {truth.sent[name].table for name in truth.reported}:
        with store.reading() as connection:
            rows = connection.execute(
                f'SELECT "Batch", "Number", "Value"::VARCHAR, "Fill" FROM "{table}" '
                "WHERE \"Batch\" != ''"
            ).fetchall()
        for name, number, value, fill in rows:
            batch = truth.sent[name]
            assert same(value, batch.value(int(number))), (batch, number, value)
            assert fill == f"{name}/{number}/" * batch.width, (batch, number)


def same(stored: str | None, given: object) -> bool:
    """Whether a stored value is the given one; a number may be written in another way."""
    if isinstance(given, str) or stored is None:
        return stored == given
    try:
        return Decimal(stored) == Decimal(str(given))
    except InvalidOperation:
        return False


def check_documents(store: Store, truth: Truth) -> None:
    """See that every reported change of a document is there, and no appended row is twice."""
    for name in truth.changed:
        found: dict[str, Any] | None = store.documents.get("incidents", f"own-{name}")
        assert found, name
        assert found["batch"] == name
    cells = [json.loads(each) for _, each in store.documents.appended_rows("Syslog", after=0)]
    appended = [each["Computer"] for each in cells]
    assert len(appended) == len(set(appended))
    assert truth.changed <= set(appended) <= truth.reported | truth.changed


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run as a command, or as a writer's process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--bundled", action="store_true", help="with the whole scenario; slow")
    parser.add_argument("--writer", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.writer:
        write(arguments.writer, bundled=arguments.bundled)
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        truth = run(
            Path(folder) / "store", arguments.count, arguments.seed, bundled=arguments.bundled
        )
        size = sum(each.stat().st_size for each in Path(folder).rglob("*") if each.is_file())
    rows = sum(truth.sent[name].rows for name in truth.reported)
    _say(
        f"seed {arguments.seed}: {len(truth.sent)} ingests, {len(truth.reported)} reported "
        f"({rows:,} rows), {truth.kills} processes killed, {truth.day} days passed, "
        f"{truth.reads} reads meanwhile, {size / 1e6:.0f} MB, "
        f"{time.monotonic() - began:.0f} s: nothing lost"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
