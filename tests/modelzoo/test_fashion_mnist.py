# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Where the data comes from: the order of the places, and the mirror, served on this machine."""

from __future__ import annotations

import gzip
import hashlib
import threading
import urllib.request
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from keima_cli.errors import BrokenInputError
from keima_zoo import fashion_mnist


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder behind https://mirror.example, which is answered without TLS by a server here."""
    folder = tmp_path / "mirror" / "fashion-mnist"
    folder.mkdir(parents=True)
    for name in fashion_mnist.SHA256:
        (folder / name).write_bytes(gzip.compress(name.encode()))
    published = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in fashion_mnist.SHA256}
    monkeypatch.setattr(fashion_mnist, "SHA256", published)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "mirror")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    real, here = urllib.request.urlopen, f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(
        urllib.request, "urlopen", lambda url, timeout: real(url.replace("https://mirror.example", here), None, timeout)
    )
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def no_package(target: Path) -> Path:
    raise BrokenInputError("apt-get download failed")


def test_the_mirror_is_asked_where_the_package_cannot_be_had(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion_mnist, "fetch_package", no_package)
    monkeypatch.setenv("KEIMA_DATA_MIRROR", "https://mirror.example/")
    target = fashion_mnist.fetch(tmp_path / "cache")
    fashion_mnist.check_files(target)
    assert {path.name for path in target.iterdir()} == set(fashion_mnist.SHA256)


def test_without_a_mirror_the_package_s_error_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "fetch_package", no_package)
    monkeypatch.delenv("KEIMA_DATA_MIRROR", raising=False)
    with pytest.raises(BrokenInputError, match="apt-get download failed"):
        fashion_mnist.fetch(tmp_path / "cache")


def test_what_is_not_the_published_file_is_not_kept(mirror: Path, tmp_path: Path) -> None:
    first = sorted(fashion_mnist.SHA256)[0]
    (mirror / first).write_bytes(b"something else")
    with pytest.raises(BrokenInputError, match=f"{first} is not the published file"):
        fashion_mnist.fetch_mirror("https://mirror.example", tmp_path / "cache")
    assert not (tmp_path / "cache" / first).exists()


def test_a_missing_file_names_its_address(mirror: Path, tmp_path: Path) -> None:
    first = sorted(fashion_mnist.SHA256)[0]
    (mirror / first).unlink()
    with pytest.raises(BrokenInputError, match=f"https://mirror.example/fashion-mnist/{first}: HTTP Error 404"):
        fashion_mnist.fetch_mirror("https://mirror.example", tmp_path / "cache")


def test_a_cache_that_cannot_be_made_is_named(mirror: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(BrokenInputError, match=r"cannot make .*cache"):
        fashion_mnist.fetch_mirror("https://mirror.example", tmp_path / "cache")


def test_a_mirror_without_tls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenInputError, match="expected an https:// address"):
        fashion_mnist.fetch_mirror("http://mirror.example", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_given_folder_is_used_as_it_is_or_refused(mirror: Path) -> None:
    assert fashion_mnist.locate(mirror) == mirror
    damaged = mirror / sorted(fashion_mnist.SHA256)[1]
    damaged.write_bytes(b"x")
    with pytest.raises(BrokenInputError, match=f"{damaged.name} is not the published file"):
        fashion_mnist.locate(mirror)
    damaged.unlink()
    with pytest.raises(BrokenInputError, match="is missing"):
        fashion_mnist.locate(mirror)
