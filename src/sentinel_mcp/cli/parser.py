"""The commands and their arguments."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sentinel_mcp.surface import Choice

QUERY_FORMATS = ("table", "csv", "json", "chart")


class _Adder(Protocol):
    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser: ...  # argparse's


class _Version(argparse.Action):
    """Prints the version; reading it costs 20 ms, so only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        sys.stdout.write(f"sentinel-mcp {version('ms-sentinel-mcp')}\n")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="sentinel-mcp",
        description="Microsoft Sentinel for AI assistants, with an embedded workspace.",
        epilog="Exit codes: 0 yes, 1 no (invalid, failed), 2 wrong arguments or settings, "
        "130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _serve(commands)
    _demo(commands)
    _doctor(commands)
    _setup(commands)
    _query(commands)
    _validate(commands)
    _local(commands)
    _tools(commands)
    return parser


def _command(
    commands: _Adder, name: str, text: str, *, module: str | None = None
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=text, description=f"{text[:1].upper()}{text[1:]}.", allow_abbrev=False
    )
    parser.set_defaults(module=module or name)
    return parser


def _local_switch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--local", action="store_true", help="use the embedded workspace, whatever is configured"
    )


def _serve(commands: _Adder) -> None:
    parser = _command(commands, "serve", "serve MCP, over stdio unless told otherwise")
    _local_switch(parser)
    parser.add_argument(
        "--transport", choices=("stdio", "http", "sse"), default="stdio", help="default: stdio"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="for http and sse; loopback only (127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=_port, default=8765, help="for http and sse; 0 takes a free one (8765)"
    )
    _choice(parser)
    parser.add_argument("--allow-writes", action="store_true", help="show the tools that write")


def _choice(parser: argparse.ArgumentParser) -> None:
    for flag, text in (
        ("--toolsets", "show these toolsets, such as core,watchlists, or all (core)"),
        ("--tools", "show these tools, besides the toolsets"),
        ("--exclude-tools", "hide these tools"),
    ):
        parser.add_argument(flag, type=_names, default=(), metavar="NAME,…", help=text)
    parser.add_argument(
        "--discover",
        action="store_true",
        help="show three tools only, which find, describe and call the others",
    )


def choice_of(arguments: argparse.Namespace, *, writes: bool) -> Choice:
    """Return which tools the arguments of a command choose."""
    from sentinel_mcp.surface import Choice

    return Choice(
        arguments.toolsets,
        arguments.tools,
        arguments.exclude_tools,
        writes=writes,
        discover=arguments.discover,
    )


def _demo(commands: _Adder) -> None:
    _command(commands, "demo", "play an investigation on the embedded workspace, through MCP")


def _doctor(commands: _Adder) -> None:
    parser = _command(commands, "doctor", "check settings, credential, services and engine")
    _local_switch(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _setup(commands: _Adder) -> None:
    parser = _command(commands, "setup", "bring what full checking of queries lacks here: .NET")
    parser.add_argument("--yes", action="store_true", help="do it without asking")


def _query(commands: _Adder) -> None:
    parser = _command(commands, "query", "run KQL and print the rows")
    parser.add_argument("kql", nargs="?", metavar="KQL", help="the query; `-` reads it from stdin")
    _local_switch(parser)
    parser.add_argument("--timespan", help="PT1H, 7d or start/end; default: as the query says")
    parser.add_argument("--format", choices=QUERY_FORMATS, help="default: table")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument("--jsonl", metavar="FILE", help="run the `query` of each line of a file")
    parser.add_argument(
        "--fixtures",
        metavar="FILE",
        help="with --local: query the tables of this JSON file, in memory, and no others' rows",
    )


def _validate(commands: _Adder) -> None:
    parser = _command(commands, "validate", "check KQL without running it; exit 1 on errors")
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help=".kql, .yaml rules, .jsonl with `query`; - is stdin",
    )
    parser.add_argument(
        "--environment", choices=("sentinel", "xdr"), default="sentinel", help="whose tables"
    )
    parser.add_argument(
        "--syntax-only",
        action="store_true",
        help="check no names and no types; needs no .NET, without which exit is 2 otherwise",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a query")


def _local(commands: _Adder) -> None:
    parser = commands.add_parser(
        "local", help="keep the embedded workspace", description="Keep the embedded workspace."
    )
    local = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    ingest = _command(local, "ingest", "take log files into a table", module="local_ingest")
    ingest.add_argument("--table", metavar="NAME", help="the table to fill")
    ingest.add_argument(
        "--windows",
        action="store_true",
        help="instead of --table: SecurityEvent, Event or Sysmon, by the channel of each event",
    )
    ingest.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="take only these rows; may be repeated",
    )
    ingest.add_argument(
        "--time-field", metavar="FIELD", help="the field with the time, if it has no usual name"
    )
    ingest.add_argument(
        "files", nargs="+", metavar="FILE", help="json, jsonl, csv, parquet, or a zip of those"
    )
    served = _command(
        local, "run", "serve the workspace to any Azure SDK, on loopback", module="local_run"
    )
    served.add_argument("--port", type=_port, default=8443, help="0 takes a free one (8443)")
    status = _command(
        local, "status", "show what the workspace holds and what it lost", module="local_status"
    )
    status.add_argument(
        "--dismiss", action="store_true", help="end the notices that every answer repeats"
    )
    _command(
        local, "reset", "forget ingested logs and build the workspace anew", module="local_reset"
    )


def _tools(commands: _Adder) -> None:
    parser = _command(commands, "tools", "list the tools, with the size of each")
    _choice(parser)
    parser.add_argument("--allow-writes", action="store_true", help="list the tools that write too")
    parser.add_argument("--json", action="store_true", help="one JSON object a tool")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return port
