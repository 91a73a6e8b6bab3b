# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST (Xiao et al., 2017): found or fetched, checked by SHA-256, read with bounds checks.

It is looked for in `--data DIR`, in an installed Debian package and in the cache; else that package is fetched and
unpacked without root; else the files come from the mirror that KEIMA_DATA_MIRROR names.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import shutil
import struct
import subprocess
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keima_cli import atomic
from keima_cli.errors import BrokenInputError

CLASSES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
SHA256 = {
    "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
    "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
}
PACKAGE = "dataset-fashion-mnist"
PACKAGE_FOLDER = Path("usr/share/datasets/fashion-mnist")
# Beyond any of the four files; a stream that unpacks to more is not one of them.
MAX_UNPACKED_BYTES = 64 << 20
MIRROR_TIMEOUT_S = 60


@dataclass(frozen=True)
class Split:
    """Images (n, 28, 28) uint8 and labels (n,) int32."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]


def cache_folder() -> Path:
    """Where fetched files are kept: $XDG_CACHE_HOME/keima."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keima" / "fashion-mnist"


def locate(given: Path | None) -> Path:
    """The folder with the four files: `given`, an installed Debian package, the cache, or what is fetched now."""
    if given is not None:
        check_files(given)
        return given
    installed = Path("/") / PACKAGE_FOLDER
    for folder in (installed, cache_folder()):
        if all((folder / name).is_file() for name in SHA256):
            check_files(folder)
            return folder
    return fetch(cache_folder())


def fetch(target: Path) -> Path:
    """Fill `target` from the Debian package, or from the mirror where that cannot be had."""
    mirror = os.environ.get("KEIMA_DATA_MIRROR")
    try:
        return fetch_package(target)
    except BrokenInputError:
        if mirror is None:
            raise
    return fetch_mirror(mirror, target)


def fetch_mirror(base: str, target: Path) -> Path:
    """Download the four files from BASE/fashion-mnist/ over HTTPS; what is not the published file is not kept."""
    if not base.startswith("https://"):
        raise BrokenInputError(f"KEIMA_DATA_MIRROR is {base!r}, expected an https:// address")
    _make(target)
    for name, expected in SHA256.items():
        url = f"{base.rstrip('/')}/fashion-mnist/{name}"
        try:
            with urllib.request.urlopen(url, timeout=MIRROR_TIMEOUT_S) as answer:  # noqa: S310
                content = answer.read(MAX_UNPACKED_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise BrokenInputError(f"{url}: {error}", hint="try again, or pass --data DIR") from error
        if hashlib.sha256(content).hexdigest() != expected:
            raise BrokenInputError(f"{url} is not the published file: its SHA-256 differs", hint="pass --data DIR")
        atomic.write_bytes(target / name, content)
    return target


def check_files(folder: Path) -> None:
    """Raise BrokenInputError unless `folder` holds the four files, unchanged."""
    for name, expected in SHA256.items():
        path = folder / name
        if not path.is_file():
            raise BrokenInputError(f"{path} is missing", hint="give a folder with all four Fashion-MNIST .gz files")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != expected:
            raise BrokenInputError(
                f"{path} is not the published file: SHA-256 {found[:16]}..., expected {expected[:16]}...",
                hint="delete it and run again, or get it anew",
            )


def fetch_package(target: Path) -> Path:
    """Download the Debian package and unpack its files to `target`, without root."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise BrokenInputError(
            "Fashion-MNIST was not found and apt-get is not here to fetch it", hint="pass --data DIR"
        )
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        _run(["apt-get", "download", PACKAGE], work)
        packages = list(work.glob("*.deb"))
        if len(packages) != 1:
            raise BrokenInputError(
                f"apt-get download gave {len(packages)} packages, expected 1", hint="pass --data DIR"
            )
        _run(["dpkg-deb", "-x", str(packages[0]), "unpacked"], work)
        source = work / "unpacked" / PACKAGE_FOLDER
        check_files(source)
        _make(target)
        for file in SHA256:
            atomic.write_bytes(target / file, (source / file).read_bytes())
    return target


def _make(folder: Path) -> None:
    with atomic.explained(folder, "make"):
        folder.mkdir(parents=True, exist_ok=True)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["no message"]
        raise BrokenInputError(f"{' '.join(command[:2])} failed: {last[0]}", hint="apt-get update, or pass --data DIR")


def read_split(folder: Path, train: bool) -> Split:
    """The 60,000 training or the 10,000 test images of a folder that :func:`locate` gave."""
    prefix = "train" if train else "t10k"
    images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz", dimensions=3)
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", dimensions=1)
    if len(images) != len(labels):
        raise BrokenInputError(f"{folder}: {len(images)} {prefix} images but {len(labels)} labels")
    return Split(images, labels.astype(np.int32))


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """A gzipped IDX file of bytes: magic 0 0 8 dimensions, big-endian sizes, then exactly their product of bytes."""
    try:
        with gzip.open(path) as stream:
            content = stream.read(MAX_UNPACKED_BYTES + 1)
    except (OSError, EOFError) as error:
        raise BrokenInputError(f"{path} cannot be unpacked: {error}", hint="get the file anew") from error
    header = 4 + 4 * dimensions
    if len(content) > MAX_UNPACKED_BYTES or len(content) < header or content[:4] != bytes([0, 0, 8, dimensions]):
        raise BrokenInputError(
            f"{path} is not an IDX file of bytes in {dimensions} dimensions", hint="get the file anew"
        )
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    expected = int(np.prod(shape, dtype=object))
    if len(content) - header != expected:
        raise BrokenInputError(
            f"{path} announces {expected} bytes of data and holds {len(content) - header}", hint="get the file anew"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
