"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel_mcp.cli.parser import build_parser
from sentinel_mcp.local.services.operations import operations
from sentinel_mcp.server import create_server
from sentinel_mcp.settings import Settings, Workspace

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
JSON_BLOCK = re.compile(r"^```json\n(.*?)^```", re.DOTALL | re.MULTILINE)
TOML_BLOCK = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^sentinel-mcp (.+?)(?: +#.*)?$", re.MULTILINE)
VARIABLE = re.compile(r"\b(?:SENTINEL|AZURE)_[A-Z_]+\b")

OTHERS = {"SENTINEL_TEST_MOMENT", "AZURE_TOKEN_CREDENTIALS"}
"""Variables that azure-identity or the tests read, and this project does not."""

NOWHERE = Workspace(
    name="nowhere", subscription_id="s", resource_group="g", workspace_name="w", workspace_id="i"
)


def text_of(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def test_the_reference_is_as_new_as_the_code() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, f"{run.stderr}Run docs/generate.py."


def test_every_setting_is_in_the_reference() -> None:
    page = text_of("settings.md")

    for name in Settings.model_fields:
        if name != "workspaces":
            variable = name.upper()
            assert f"SENTINEL_{variable}`" in page or f"AZURE_{variable}`" in page, name
    assert "[workspaces.NAME]" in page


async def test_every_tool_is_in_the_reference() -> None:
    page = text_of("tools.md")

    for tool in await create_server(Settings(), workspaces=[NOWHERE]).list_tools():
        assert f"## {tool.name}\n" in page


def commands(parser: Any, path: str = "") -> Iterator[str]:
    """Yield every command that can be given, by its words; argparse shows them to nobody."""
    below: list[Any] = [each.choices for each in parser._actions if hasattr(each.choices, "items")]
    for choices in below:
        for name, each in choices.items():
            yield from commands(each, f"{path} {name}".strip())
    if not below:
        yield path


@pytest.mark.parametrize("command", [*commands(build_parser())])
def test_every_command_is_in_the_reference(command: str) -> None:
    assert f"## `sentinel-mcp {command}`\n" in text_of("cli.md")


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        found = (page.parent / path) if path else page
        assert found.exists(), target
        if anchor:
            heading = re.compile(rf"^#+ {re.escape(anchor)}$", re.MULTILINE)
            assert heading.search(found.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_variable_that_a_page_names_is_a_setting(page: Path) -> None:
    known = (
        {f"SENTINEL_{name.upper()}" for name in Settings.model_fields}
        | {"SENTINEL_CONFIG"}
        | OTHERS
    )
    known |= {f"AZURE_{name.upper()}" for name in Settings.model_fields}

    assert set(VARIABLE.findall(page.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_command_that_a_page_shows_can_be_parsed(page: Path) -> None:
    import shlex

    for line in COMMAND.findall(page.read_text(encoding="utf-8")):
        if "`" in line:
            continue
        build_parser().parse_args(shlex.split(line))


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_configuration_that_a_page_shows_is_well_formed(page: Path, tmp_path: Path) -> None:
    from sentinel_mcp.settings import load

    text = page.read_text(encoding="utf-8")
    for block in JSON_BLOCK.findall(text):
        servers = json.loads(block)
        [server] = (servers.get("mcpServers") or servers["servers"]).values()
        build_parser().parse_args(server["args"])
    for block in TOML_BLOCK.findall(text):
        file = tmp_path / "settings.toml"
        file.write_text(block, encoding="utf-8")
        assert load(file).resolved_workspaces


def test_the_readme_fits_on_a_screen_and_begins_with_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 60
    commands = [line for line in lines[:6] if line.startswith("make ")]
    assert [line.split("#")[0].strip() for line in commands] == ["make demo", "make test"]


def test_the_page_of_coverage_has_every_request_that_the_sdks_can_build() -> None:
    page = text_of("coverage.md")

    for package in ("securityinsight", "loganalytics"):
        source = Path(importlib.import_module(f"azure.mgmt.{package}.operations").__file__ or "")
        code = (source.parent / "_operations.py").read_text(encoding="utf-8")
        built = len(re.findall(r"^def build_\w+_request\(", code, re.MULTILINE))
        assert f"(`azure.mgmt.{package}`) | {built} |" in page


def test_the_embedded_workspace_knows_the_name_of_every_operation_of_the_sdks() -> None:
    known = {(each.method, shape(each.path)) for each in operations()}
    page = (REFERENCE / "coverage.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .*? \| `\w+` \| (\w+) `(.+?)` \|", page, re.MULTILINE)
    tails = {(method, shape(path)) for method, path in rows}

    unknown = {
        (method, tail)
        for method, tail in tails
        if not any(method == each and path.endswith(tail) for each, path in known)
    }
    assert len(tails) > 200
    assert not unknown


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).lower()
