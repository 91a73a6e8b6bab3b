# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Prints the stripped size of the executor's runner, and which objects its code comes from: size.py BUILD [STRIP]."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

# " .text._ZN5keima... 0x... 0x1a4 path/file.cc.o", the name perhaps on a line of its own.
SECTION = re.compile(r"^ (\.(?:text|rodata|data|bss)\S*)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$")
# kernels/libkeima_kernels.a(conv_body.cc.o)
OBJECT = re.compile(r"([\w-]+\.cc)\.o\)?$")
# Bodies live in a namespace named after their instruction set.
ISA = re.compile(r"keima\d+(scalar|avx2|avx512|neon)")


def stripped_bytes(program: Path, strip: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "stripped"
        subprocess.run([strip, "-s", "-o", copy, program], check=True)
        return copy.stat().st_size


def bytes_by_origin(map_file: Path) -> Counter[str]:
    """Bytes of code and data that the link kept, by the source file and instruction set they come from."""
    # The list of dropped sections comes before this heading.
    kept = map_file.read_text().split("Linker script and memory map", 1)[1]
    joined = re.sub(r"\n (\.\S+)\n\s+(0x)", r"\n \1 \2", kept)
    total: Counter[str] = Counter()
    for line in joined.splitlines():
        found = SECTION.match(line)
        if found:
            source, isa = OBJECT.search(found[3]), ISA.search(found[1])
            name = source[1] if source else "C library and start-up"
            total[f"{name} {isa[1]}" if isa else name] += int(found[2], 16)
    return total


def main() -> None:
    build, strip = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "strip"
    size = stripped_bytes(build / "executor" / "keima-run", strip)
    print(f"{build.name}: keima-run stripped: {size / 1024:.0f} KiB")
    for name, count in bytes_by_origin(build / "executor" / "keima-run.map").most_common():
        print(f"{count / 1024:9.1f} KiB  {name}")


if __name__ == "__main__":
    main()
