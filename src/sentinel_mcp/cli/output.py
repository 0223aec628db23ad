"""Prints for people: colours and boxes on a terminal, plain aligned text in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rich.console import Console

Style = Literal["plain", "good", "warn", "bad", "quiet", "strong"]
_RICH_STYLES: dict[Style, str] = {
    "plain": "",
    "good": "green",
    "warn": "yellow",
    "bad": "red",
    "quiet": "dim",
    "strong": "bold",
}

MAX_CELL_CHARS = 120


class Progress(Protocol):
    """Takes what is being done and the fraction that is done."""

    def __call__(self, step: str, fraction: float) -> None:
        """Show it."""
        ...


def on_terminal() -> bool:
    """Whether a person reads the standard output."""
    return sys.stdout.isatty()


@cache
def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def line(text: str = "", *, style: Style = "plain") -> None:
    """Print a line."""
    if not on_terminal():
        sys.stdout.write(f"{text}\n")
        return
    from rich.text import Text

    _console().print(Text(text, style=_RICH_STYLES[style]), soft_wrap=True)


def heading(text: str) -> None:
    """Print the heading of a part."""
    if not on_terminal():
        sys.stdout.write(f"\n{text}\n{'-' * len(text)}\n")
        return
    from rich.rule import Rule

    _console().print()
    _console().print(Rule(text, align="left", style="cyan"))


def panel(title: str, text: str) -> None:
    """Print text that stands for itself, such as a query."""
    if not on_terminal():
        indented = "\n".join(f"    {each}" for each in text.splitlines())
        sys.stdout.write(f"{title}\n{indented}\n")
        return
    from rich.panel import Panel
    from rich.text import Text

    _console().print(Panel(Text(text), title=title, title_align="left", border_style="dim"))


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, styles: Sequence[Style] = ()
) -> None:
    """Print rows under their columns; `styles` are those of the rows, in order."""
    texts = [[cell(value) for value in row] for row in rows]
    if not on_terminal():
        sys.stdout.write(_aligned(columns, texts))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for name in columns:
        drawn.add_column(name, overflow="fold")
    for index, row in enumerate(texts):
        style = _RICH_STYLES[styles[index]] if index < len(styles) else ""
        drawn.add_row(*(Text(each) for each in row), style=style)
    _console().print(drawn)


def json_line(value: object) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))
    sys.stdout.write("\n")
    sys.stdout.flush()  # a program may be waiting for each


def flush() -> None:
    """Hand over what was printed, when the command stays."""
    sys.stdout.flush()


def notice(text: str) -> None:
    """Say something beside the answer, on the standard error."""
    sys.stderr.write(f"{text}\n")


@contextmanager
def progress(title: str) -> Generator[Progress]:
    """Show how far something is: a bar on a terminal, a line per step in a pipe.

    The bar appears with the first step and goes when the fraction is 1, so that what is quick
    shows nothing.
    """
    if not sys.stderr.isatty():
        yield _Steps()
        return
    bar = _Bar(title)
    try:
        yield bar
    finally:
        bar.stop()


@contextmanager
def working(title: str) -> Generator[None]:
    """Show a spinner while something runs, on a terminal; nothing may be printed meanwhile."""
    if not on_terminal():
        yield
        return
    with _console().status(title):
        yield


class _Bar:
    """A progress bar on the standard error; steps may come from any thread."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Display

        self._display = Display(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._title = title
        self._task = self._display.add_task(title, total=1.0)

    def __call__(self, step: str, fraction: float) -> None:
        if fraction >= 1:
            self.stop()
            return
        self._display.start()
        self._display.update(self._task, description=f"{self._title}: {step}", completed=fraction)

    def stop(self) -> None:
        self._display.stop()


class _Steps:
    """Tells each step once, for a log."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, step: str, fraction: float) -> None:
        if step not in self._told and fraction < 1:
            self._told.add(step)
            notice(f"{step} ({fraction:.0%})")


def full(value: object) -> str:
    """Return one value as text, whole."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case dict() | list():
            # The cells of an answer are JSON.
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)


def cell(value: object) -> str:
    """Return one value as it is shown in a table: on one line, long ones cut."""
    text = full(value)
    # Log text may carry escape sequences, which a terminal would obey.
    text = "".join(each if each.isprintable() else " " for each in text)
    return text if len(text) <= MAX_CELL_CHARS else f"{text[: MAX_CELL_CHARS - 1]}…"


def _aligned(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [
        max(len(name), *(len(row[index]) for row in rows)) if rows else len(name)
        for index, name in enumerate(columns)
    ]
    lines = [columns, *rows]
    return "".join(
        "  ".join(each.ljust(width) for each, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in lines
    )
