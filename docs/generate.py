"""Writes docs/reference from the code: run it with the project's Python after changing a surface.

`generate.py --check` writes nothing and exits with 1 when a page is older than the code.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from coverage import coverage_page
from pydantic import AliasChoices

REFERENCE = Path(__file__).parent / "reference"
BANNER = "<!-- Written by docs/generate.py from the code. Change that, and run it again. -->"


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    made = {
        "settings.md": settings_page(),
        "cli.md": cli_page(),
        "tools.md": tools_page(),
        "coverage.md": coverage_page(),
    }
    return {REFERENCE / name: f"{BANNER}\n\n{text.rstrip()}\n" for name, text in made.items()}


def stale() -> list[Path]:
    """Return the pages that are older than the code."""
    return [
        path
        for path, text in pages().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def settings_page() -> str:
    """Return the page of the settings."""
    from sentinel_mcp.settings import Settings, Workspace

    rows = [
        (
            f"`{_variable(name, field.validation_alias)}`",
            _type_of(field.annotation),
            _default_of(field.default),
            _bounds(field.metadata),
            field.description or _AZURE_NOTES.get(name, ""),
        )
        for name, field in Settings.model_fields.items()
        if name != "workspaces"
    ]
    own = [(f"`{name}`", _required(field)) for name, field in Workspace.model_fields.items()]
    return "\n".join(
        [
            "# Settings",
            "",
            "Strongest first: arguments of the command line, environment variables, the TOML file "
            "that `SENTINEL_CONFIG` names. Lists and other structures are JSON in a variable.",
            "",
            *_table(("variable", "type", "default", "bounds", "meaning"), rows),
            "",
            "With none of the `AZURE_` variables and no workspace in the file, the embedded "
            "workspace serves. With some of them, the missing ones are named and nothing starts.",
            "",
            "## The file",
            "",
            "`SENTINEL_CONFIG` is the path of a TOML file. Its top level takes the settings above "
            "by their names in lower case without the prefix (`max_rows`, `cloud`); each table "
            "`[workspaces.NAME]` is a workspace:",
            "",
            *_table(("key", "needed"), [row for row in own if row[0] != "`name`"]),
        ]
    )


_AZURE_NOTES = {
    "tenant_id": "Directory of the workspace.",
    "subscription_id": "Subscription of the workspace.",
    "resource_group": "Resource group of the workspace.",
    "workspace_name": "Name of the Log Analytics workspace.",
    "workspace_id": "GUID of the workspace, by which it is queried.",
    "client_id": "Service principal or user-assigned identity; read by azure-identity.",
    "client_secret": "Secret of the service principal; read by azure-identity.",
    "client_certificate_path": "Certificate of the service principal; read by azure-identity.",
    "federated_token_file": "Token of a workload identity; read by azure-identity.",
}


def _variable(name: str, alias: object) -> str:
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"SENTINEL_{name.upper()}"


def _required(field: Any) -> str:
    return "yes" if field.is_required() else "no"


def _type_of(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(annotation))
    inner = [each for each in get_args(annotation) if each not in (type(None), Ellipsis)]
    if get_origin(annotation) is tuple:
        return f"list of {_type_of(inner[0])}"
    if inner:
        return _type_of(inner[0])
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    names |= {"Path": "path", "SecretStr": "secret"}
    return names.get(annotation.__name__, annotation.__name__)


def _default_of(default: object) -> str:
    if default is None or default == ():
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _bounds(metadata: list[Any]) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [
        f"{sign} {getattr(each, name):,}"
        for each in metadata
        for name, sign in signs.items()
        if getattr(each, name, None) is not None
    ]
    return ", ".join(found)


def cli_page() -> str:
    """Return the page of the commands."""
    from sentinel_mcp.cli.parser import build_parser

    lines = [
        "# Commands",
        "",
        "Every command takes its settings from [the environment](settings.md), and exits with 0 "
        "when what was asked is so, 1 when it is not (an invalid query, a failed check or step), "
        "2 when the arguments or settings are wrong or a service cannot be had, and 130 when it "
        "was interrupted. Failures are one line on the standard error. In a pipe the output is "
        "plain text.",
    ]
    for name, parser in _commands(build_parser()):
        lines += ["", f"## `{name}`", "", str(parser.description), ""]
        rows = [_argument(each) for each in _arguments(parser)]
        lines += _table(("argument", "meaning"), rows) if rows else ["No arguments."]
    return "\n".join(lines)


def _commands(
    parser: argparse.ArgumentParser, path: str = "sentinel-mcp"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # argparse has no public way to see them
        if isinstance(action, argparse._SubParsersAction):
            for name, each in action.choices.items():
                yield from _commands(each, f"{path} {name}")
            return
    yield path, parser


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [each for each in parser._actions if not isinstance(each, argparse._HelpAction)]


def _argument(action: argparse.Action) -> tuple[str, str]:
    value = action.metavar or ("|".join(action.choices) if action.choices else None)
    if value is None and action.nargs != 0:
        value = action.dest.upper()
    shown = " ".join([*action.option_strings[-1:], *([str(value)] if value else [])])
    more = " …" if action.nargs == "+" else ""
    return f"`{shown}{more}`", (action.help or "").strip()


def tools_page() -> str:
    """Return the page of the tools, resources and prompts."""
    return asyncio.run(_tools_page())


async def _tools_page() -> str:
    from fastmcp import Client

    from sentinel_mcp.server import create_server
    from sentinel_mcp.settings import LOCAL, Settings, Workspace

    nowhere = Workspace(
        name=LOCAL, subscription_id="-", resource_group="-", workspace_name="-", workspace_id="-"
    )
    server = create_server(Settings(workspace=LOCAL), workspaces=[nowhere])
    tags = {tool.name: sorted(tool.tags) for tool in await server.list_tools()}
    async with Client(server) as client:
        tools = await client.list_tools()
        resources = await client.list_resources()
        templates = await client.list_resource_templates()
        prompts = await client.list_prompts()
    lines = [
        "# Tools, resources and prompts",
        "",
        "A failure is an answer with `isError`, whose `_meta.error` has a stable `code`, a "
        "`message`, a `hint` and whether it is `retryable`.",
        "",
        *_table(
            ("tool", "toolsets"),
            [(f"[`{t.name}`](#{t.name})", ", ".join(tags[t.name])) for t in tools],
        ),
    ]
    for tool in tools:
        lines += ["", f"## {tool.name}", "", (tool.description or "").strip(), ""]
        lines += [f"*{_effects(tool.annotations)}*", ""]
        called = await server.get_tool(tool.name)
        lines += _schema_table(called.parameters if called else tool.input_schema)
    lines += ["", "# Resources", ""]
    lines += _table(
        ("URI", "what it is"),
        [(f"`{each.uri}`", _first(each.description)) for each in resources]
        + [(f"`{each.uri_template}`", _first(each.description)) for each in templates],
    )
    lines += ["", "# Prompts", ""]
    lines += _table(
        ("prompt", "arguments", "what it does"),
        [
            (
                f"`{each.name}`",
                ", ".join(f"`{a.name}`{'' if a.required else '?'}" for a in each.arguments or []),
                _first(each.description),
            )
            for each in prompts
        ],
    )
    return "\n".join(lines)


def _effects(annotations: Any) -> str:
    if annotations is None:
        return "Effects not stated."
    what = "Reads only" if annotations.read_only_hint else "Changes things"
    where = "asks the workspace" if annotations.open_world_hint else "answers from the server"
    return f"{what}; {where}."


def _schema_table(schema: Mapping[str, Any]) -> list[str]:
    properties: Mapping[str, Any] = schema.get("properties") or {}
    if not properties:
        return ["No arguments."]
    required = schema.get("required") or ()
    return _table(
        ("argument", "type", "default", "meaning"),
        [
            (
                f"`{name}`",
                _json_type(each),
                "needed" if name in required else _json_default(each),
                str(each.get("description") or ""),
            )
            for name, each in properties.items()
        ],
    )


def _json_type(schema: Mapping[str, Any]) -> str:
    if choices := schema.get("enum"):
        return ", ".join(f"`{each}`" for each in choices)
    if "const" in schema:
        return f"`{schema['const']}`"
    if options := schema.get("anyOf"):
        return " or ".join(_json_type(each) for each in options if each.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {_json_type(schema.get('items') or {})}"
    bounds = [
        f"{sign} {schema[name]:,}"
        for name, sign in (("minimum", "≥"), ("maximum", "≤"))
        if name in schema
    ]
    return ", ".join([str(schema.get("type") or "any"), *bounds])


def _json_default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    return "" if default in ("", []) else _default_of(default)


def _first(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"| {' | '.join('---' for _ in head)} |",
        *(f"| {' | '.join(map(_escaped, row))} |" for row in rows),
    ]


def _escaped(cell: str) -> str:
    return cell.replace("|", r"\|").replace("\n", " ")


def main() -> int:
    """Write the pages that changed, or only name them."""
    changed = stale()
    if "--check" in sys.argv[1:]:
        sys.stderr.writelines(f"older than the code: {path}\n" for path in changed)
        return 1 if changed else 0
    made = pages()
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
        sys.stderr.write(f"written: {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
