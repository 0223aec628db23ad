"""Kusto.Language as Python sees it; importing this module starts .NET.

.NET objects have no Python types: they are `Any` in this package, named `Node`, `Symbol` and
so on for the reader. The environment that the parent prepared names the runtime (DOTNET_ROOT);
the DLL is loaded from kustology's files without importing kustology, which would cost a further
0.2 s and 40 MB for its own model of a query.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Node = Any  # a Kusto.Language.Syntax.SyntaxNode
Symbol = Any  # a Kusto.Language.Symbols.Symbol
Code = Any  # a Kusto.Language.KustoCode
Globals = Any  # a Kusto.Language.GlobalState


def _start() -> None:
    loader: Any = import_module("clr_loader")  # neither has types
    pythonnet: Any = import_module("pythonnet")

    root = Path(os.environ["DOTNET_ROOT"])
    found = [
        spec
        for spec in loader.util.find.find_runtimes_in_root(root)
        if spec.name == "Microsoft.NETCore.App"
    ]
    newest = max(found, key=lambda spec: spec.version_info)
    # The spec is handed over because without it pythonnet asks whichever `dotnet` is on PATH.
    pythonnet.load(loader.get_coreclr(dotnet_root=root, runtime_spec=newest))


def _library() -> Path:
    spec = find_spec("kustology")
    if spec is None or spec.origin is None:
        raise ImportError("kustology, which carries Kusto.Language.dll, is not installed")
    return Path(spec.origin).parent / "bin" / "Kusto.Language.dll"


_start()

_clr: Any = import_module("clr")  # appears once the runtime has started
_clr.AddReference(str(_library()))

_culture: Any = import_module("System.Globalization").CultureInfo
_threading: Any = import_module("System.Threading")
# `1.5h` is fifteen hours under a culture with a decimal comma.
_culture.DefaultThreadCurrentCulture = _culture.InvariantCulture
_threading.Thread.CurrentThread.CurrentCulture = _culture.InvariantCulture

Language: Any = import_module("Kusto.Language")
Syntax: Any = import_module("Kusto.Language.Syntax")
Symbols: Any = import_module("Kusto.Language.Symbols")
Editor: Any = import_module("Kusto.Language.Editor")
Collections: Any = import_module("System.Collections.Generic")
System: Any = import_module("System")


def versions() -> dict[str, str]:
    """Return the versions of what was loaded."""
    library: Any = _clr.GetClrType(Language.KustoCode).Assembly.GetName().Version
    return {"dotnet": str(System.Environment.Version), "kusto_language": str(library)}


def name_of(kind: Node | Symbol) -> str:
    """Return the name of an object's .NET class, which Python knows without asking .NET."""
    return type(kind).__name__


def text_of(owner: Node, member: str) -> str:
    """Return a text property that may hold half a character.

    Kusto.Language cuts what it cannot read into UTF-16 units, which makes of an emoji two texts
    that Python cannot take over.
    """
    try:
        return str(getattr(owner, member))
    except UnicodeDecodeError:
        return ""
