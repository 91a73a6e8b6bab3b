# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the stubs that the build makes: stubs.py EXTENSION_MODULE FUNCTIONAL_FOLDER OPS.pyi FUNCTIONAL.pyi

OPS.pyi are the types of keima._core.ops, from the registry; FUNCTIONAL.pyi what keima.functional exports, from the
`__all__` of its modules, which are read and not run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

HEAD = '''"""Types of the registered ops. Made by the build from their declarations; not to be edited."""

from collections.abc import Iterable, Sequence
from typing import Any

from ..typing import Operand
from . import Op, Tensor

'''
ATTRIBUTE_TYPES = {
    "bool": "bool",
    "int": "int",
    "float": "float",
    "str": "str",
    "ints": "int | Iterable[int] | None",
    "dtype": "Any",
}


def load(extension: Path) -> ModuleType:
    """The extension module, from the file that the build has just made."""
    loader = ExtensionFileLoader("_core", str(extension))
    module = module_from_spec(spec_from_loader("_core", loader))
    loader.exec_module(module)
    return module


def parameters(op: Mapping[str, Any]) -> list[str]:
    """Inputs, then attributes, as a function's parameters."""
    if op["variadic"]:
        made = [f"{op['inputs'][0]}: Sequence[Operand]"]
    else:
        required = len(op["inputs"]) - op["optional_inputs"]
        made = [f"{name}: Operand" for name in op["inputs"][:required]]
        made += [f"{name}: Operand | None = None" for name in op["inputs"][required:]]
    loose = op["optional_inputs"] > 0
    for name, kind, required in op["attrs"]:
        # Behind a parameter that may be left out Python wants a default, also where the op does not have one.
        loose = loose or not required
        made.append(f"{name}: {ATTRIBUTE_TYPES[kind]}" + (" = ..." if loose else ""))
    return made


def stub(op: Mapping[str, Any]) -> str:
    """A class with the op's signature, and the op as its instance: ops have a declaration, too."""
    results = "Tensor" if op["outputs"] == 1 else f"tuple[{', '.join(['Tensor'] * op['outputs'])}]"
    signature = ", ".join(["self", *parameters(op)])
    call = f"    def __call__({signature}) -> {results}: ..."
    return f"class _{op['name']}(Op):\n{call}\n\n{op['name']}: _{op['name']}\n"


def exported(module: Path) -> list[str]:
    """The names of a module's `__all__`; none where it has no such list."""
    for node in ast.parse(module.read_text(), str(module)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def functional_stub(folder: Path) -> str:
    """Imports of all that the modules of keima.functional name, and the modules themselves."""
    lines = ['"""What keima.functional exports. Made by the build; not to be edited."""', ""]
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py" and exported(path))
    lines += [f"from . import {module.stem} as {module.stem}" for module in modules]
    sources: dict[str, str] = {}
    for module in modules:
        sources |= {name: module.stem for name in exported(module) if name not in sources}
    lines += [f"from .{source} import {name} as {name}" for name, source in sorted(sources.items())]
    return "\n".join([*lines, "", f"__all__ = {sorted(sources)}", ""])


def main() -> None:
    extension, functional, ops_output, functional_output = map(Path, sys.argv[1:])
    ops = load(extension).ops
    declarations = [getattr(ops, name).declaration for name in sorted(vars(ops)) if not name.startswith("_")]
    ops_output.parent.mkdir(parents=True, exist_ok=True)
    ops_output.write_text(HEAD + "\n".join(stub(op) for op in declarations))
    functional_output.write_text(functional_stub(functional))


if __name__ == "__main__":
    main()
