"""A Python environment of its own in which the commands find no .NET."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_line import Outcome

from sentinel_mcp.kql import dotnet


@dataclass(frozen=True, slots=True)
class BareEnvironment:
    """Runs commands with the packages of this environment, less the runtime that pip brought."""

    prefix: Path
    variables: dict[str, str]

    @classmethod
    def make(cls, folder: Path, cache_dir: Path) -> BareEnvironment:
        """Make it in an empty folder; skip the test where the machine has .NET of its own."""
        prefix = folder / "environment"
        venv.create(prefix, symlinks=True)
        packages = sysconfig.get_path("purelib", vars={"base": str(prefix)})
        lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (Path(packages) / "lent.pth").write_text(
            "".join(f"import site; site.addsitedir({each!r})\n" for each in lent)
            + "import sys; sys.modules['dnv'] = None\n",
            encoding="utf-8",
        )
        variables = {
            "HOME": str(folder),
            "PATH": os.defpath,
            "SENTINEL_CACHE_DIR": str(cache_dir),
            # A machine that is busy with other tests starts the checker slowly.
            "SENTINEL_VALIDATION_TIMEOUT_S": "60",
            "PIP_NO_INDEX": "1",
        }
        bare = cls(prefix, variables)
        if bare._has_dotnet():
            pytest.skip("this machine has .NET of its own")
        return bare

    @property
    def runtime_folder(self) -> Path:
        """Where `setup` is to put the runtime."""
        return self.prefix / "share" / "sentinel-mcp" / "dotnet"

    def run(self, *arguments: str, **variables: str) -> Outcome:
        """Run a command of ours, with nothing on its standard input."""
        done = self._python("-m", "sentinel_mcp.cli", *arguments, **variables)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def _has_dotnet(self) -> bool:
        code = "from sentinel_mcp.kql import dotnet; print(len(dotnet.runtimes()))"
        done = self._python("-c", code)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) > 0

    def _python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        scripts = "Scripts" if sys.platform == "win32" else "bin"
        return subprocess.run(
            [str(self.prefix / scripts / "python"), *arguments],
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def make_wheel(folder: Path, runtime: Path) -> None:
    """Pack a runtime as the package that `setup` installs."""
    import zipfile

    name = dotnet.PACKAGE.partition("~=")[0].replace("-", "_")
    info = f"{name}-1.0.9.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.9\n"
        # As the real one: no Python from 3.13 on could have it as a dependency.
        "Requires-Dist: pythonnet==3.0.3\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    folder.mkdir()
    with zipfile.ZipFile(folder / f"{name}-1.0.9-py3-none-any.whl", "w") as wheel:
        for path in sorted(each for each in runtime.rglob("*") if each.is_file()):
            inside = dotnet.packaged_runtime(Path()) / path.relative_to(runtime)
            wheel.write(path, inside.as_posix())
        for path, text in files.items():
            wheel.writestr(path, text)
