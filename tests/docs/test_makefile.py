"""The environment that the Makefile builds, with stand-ins for Python that note what they do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MAKE = shutil.which("make")
MAKEFILE = Path(__file__).parents[2] / "Makefile"

# Answers what the Makefile asks of a Python; `venv` copies it into the environment.
PYTHON = """\
#!/bin/sh
case "$*" in
*"import ensurepip"*) exit {unusable} ;;
*"print(sys.version"*) echo "{version} /base/{version} $(cd "$(dirname "$0")/.." && pwd)" ;;
*"-m venv"*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; echo "made with {version}" >> made.log ;;
*"pip install"*) echo "Collecting something"; echo {said}; exit {failing} ;;
esac
"""

pytestmark = pytest.mark.skipif(MAKE is None, reason="there is no make")


class Project:
    """A folder with the Makefile and what it reads, and a PATH of stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.bin = folder / "bin"
        self.folder.mkdir()
        self.bin.mkdir()
        shutil.copy(MAKEFILE, self.folder)
        for name in ("pyproject.toml", "constraints.txt"):
            (self.folder / name).touch()

    def add_python(
        self, name: str, version: str, *, usable: bool = True, failing: bool = False
    ) -> Path:
        path = self.bin / name
        said = "ERROR: these versions have conflicting dependencies" if failing else "Done"
        path.write_text(
            PYTHON.format(
                version=version, unusable=int(not usable), failing=int(failing), said=said
            ),
            encoding="utf-8",
        )
        path.chmod(0o755)
        return path

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # The path of the tools alone comes last, for the machine has Pythons of its own.
        return subprocess.run(
            [str(MAKE), ".venv/.installed", *arguments],
            cwd=self.folder,
            env={"PATH": f"{self.bin}{os.pathsep}{os.defpath}"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def made(self) -> list[str]:
        """The versions of the environments that were made, in order."""
        log = self.folder / "made.log"
        return [line.split()[-1] for line in log.read_text("utf-8").splitlines()]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_python_on_path_that_does_not_run_is_passed_over(project: Project) -> None:
    project.add_python("python3.12", "3.12.0", usable=False)
    project.add_python("python3.11", "3.11.0")

    first, second = project.make(), project.make()

    assert first.returncode == second.returncode == 0, first.stderr
    assert project.made == ["3.11.0"]


def test_an_environment_is_made_anew_for_another_python_and_kept_where_none_is_named(
    project: Project,
) -> None:
    project.add_python("python3.12", "3.12.0")
    newer = project.add_python("newer", "3.13.0")

    for arguments in ((), (f"PYTHON={newer}",), (), (f"PYTHON={newer}",)):
        assert project.make(*arguments).returncode == 0

    assert project.made == ["3.12.0", "3.13.0"]


def test_an_environment_whose_installation_was_interrupted_is_made_anew(project: Project) -> None:
    project.add_python("python3.12", "3.12.0")
    assert project.make().returncode == 0
    (project.folder / ".venv" / ".installed").unlink()

    assert project.make().returncode == 0

    assert project.made == ["3.12.0", "3.12.0"]


def test_an_environment_that_was_moved_is_made_anew(project: Project) -> None:
    project.add_python("python3.12", "3.12.0")
    assert project.make().returncode == 0
    project.folder = project.folder.rename(project.folder.with_name("moved"))

    assert project.make().returncode == 0

    assert project.made == ["3.12.0", "3.12.0"]


def test_what_pip_says_of_its_failure_is_shown_and_nothing_half_made_is_left(
    project: Project,
) -> None:
    project.add_python("python3.12", "3.12.0", failing=True)

    done = project.make()

    assert done.returncode != 0
    assert "conflicting dependencies" in done.stdout
    assert not (project.folder / ".venv").exists()


def test_a_python_that_cannot_make_an_environment_is_named_with_the_remedy(
    project: Project,
) -> None:
    python = project.add_python("old", "3.9.0", usable=False)

    done = project.make(f"PYTHON={python}")

    assert done.returncode != 0
    assert f"{python} is no Python 3.11 or newer with venv." in done.stdout
