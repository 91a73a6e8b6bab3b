# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What must not get out: words, hosts, patterns, kinds of files, secrets; in contents, archives, names and metadata.

A finding says where, and by which rule; never what: a report of a leaked secret must not leak it again.
"""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keima_sync.errors import SyncUsageError
from keima_sync.globs import Glob

_PROBE_BYTES = 8000
_MOST_MEMBERS = 10_000
_MOST_BYTES = 256 << 20  # unpacked, of one archive with those in it
_MOST_DEPTH = 3
_MASK = b"[masked]"
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
# Of detect-secrets' plugins those that know a form. Its entropy and keyword ones guess: they flag hashes and test data.
_FORMS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)


@dataclass(frozen=True)
class Leak:
    """A place where a rule matched: the line (0: the whole of it), and what kind of rule it was."""

    line: int
    kind: str
    rule: str  # its place in the configuration, as file:line
    member: str = ""  # of an archive


@dataclass(frozen=True)
class TextRule:
    """A pattern over bytes, and what it is called."""

    kind: str
    pattern: Any
    rule: str


@dataclass(frozen=True)
class LeakRules:
    """All leak rules."""

    texts: tuple[TextRule, ...] = ()
    files: tuple[tuple[Glob, str], ...] = ()
    secrets: str = ""  # where [leaks] asks for them; empty: nowhere

    def __bool__(self) -> bool:
        return bool(self.texts or self.files or self.secrets)

    def in_name(self, path: bytes) -> list[Leak]:
        """Of a public path."""
        kinds = [Leak(0, "a kind of file", rule) for glob, rule in self.files if glob.matches(path)]
        return [*kinds, *self._in_text(path)]

    def in_text(self, text: bytes) -> list[Leak]:
        """Of a message, a person or a symlink's target."""
        return list(self._in_text(text))

    def in_content(self, data: bytes) -> list[Leak]:
        """Of a file: text, the strings of a binary, UTF-16, and what archives hold."""
        found = list(self._in_text(_readable(data)))
        budget = _Budget()
        for member, content in _members(data, budget, 0):
            found += [Leak(leak.line, leak.kind, leak.rule, member) for leak in self.in_name(member.encode())]
            found += [Leak(leak.line, leak.kind, leak.rule, member) for leak in self._in_text(_readable(content))]
        if budget.exceeded:
            found.append(Leak(0, "an archive too large to look through", self._anywhere()))
        return found

    def masked(self, text: bytes) -> bytes:
        """A log with every match, and every line with a secret, replaced by a mark that says no more."""
        # Twice, since a match takes the character before it along, which may be the one after another match.
        for rule in (*self.texts, *self.texts):
            text = bytes(rule.pattern.sub(_MASK, text))
        if not self.secrets:
            return text
        lines = _PRIVATE_KEY.sub(_MASK, text).split(b"\n")
        for number in {leak.line for leak in self._secrets(b"\n".join(lines))}:
            lines[number - 1] = _MASK
        return b"\n".join(lines)

    def _anywhere(self) -> str:
        return self.secrets or (self.texts[0].rule if self.texts else self.files[0][1])

    def _in_text(self, data: bytes) -> Iterator[Leak]:
        for rule in self.texts:
            for match in rule.pattern.finditer(data):
                yield Leak(data.count(b"\n", 0, match.start()) + 1, rule.kind, rule.rule)
        if self.secrets:
            yield from self._secrets(data)

    def _secrets(self, data: bytes) -> Iterator[Leak]:
        scan_line, transient_settings = _detect_secrets()
        with transient_settings({"plugins_used": [{"name": name} for name in _FORMS]}):
            for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), start=1):
                for secret in scan_line(line):
                    yield Leak(number, f"a secret ({secret.type})", self.secrets)


def _detect_secrets() -> tuple[Any, Any]:
    try:
        from detect_secrets.core.scan import scan_line
        from detect_secrets.settings import transient_settings
    except ModuleNotFoundError as error:
        raise SyncUsageError(
            "[leaks] secrets = true needs detect-secrets", hint="pip install 'keima[sync-secrets]'"
        ) from error
    return scan_line, transient_settings


def _readable(data: bytes) -> bytes:
    """UTF-16 with a byte order mark as UTF-8; all else as it is: a binary's strings are among its bytes."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace").encode()
    return data


@dataclass
class _Budget:
    members: int = _MOST_MEMBERS
    size: int = _MOST_BYTES
    exceeded: bool = False

    def take(self, size: int) -> bool:
        self.members -= 1
        self.size -= size
        self.exceeded = self.exceeded or self.members < 0 or self.size < 0
        return not self.exceeded


def _members(data: bytes, budget: _Budget, depth: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of what an archive holds, and the archives in it; nothing for what is none, or is broken."""
    if depth == _MOST_DEPTH:
        return
    for name, content in _zip_members(data, budget) if data[:4] == b"PK\3\4" else _tar_members(data, budget):
        yield name, content
        yield from ((f"{name}/{inner}", held) for inner, held in _members(content, budget, depth + 1))


def _zip_members(data: bytes, budget: _Budget) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                # The size is the archive's own word: reading stops one byte behind it.
                if not budget.take(info.file_size):
                    return
                with archive.open(info) as member:
                    yield info.filename, member.read(info.file_size + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        return  # encrypted, damaged or of an unknown kind: its bytes were searched as they are


def _tar_members(data: bytes, budget: _Budget) -> Iterator[tuple[str, bytes]]:
    packed = data[:2] == b"\x1f\x8b" or data[:3] == b"BZh" or data[:6] == b"\xfd7zXZ\0"
    if not packed and data[257:262] != b"ustar":
        return
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
            for info in archive:
                if not budget.take(info.size):
                    return
                member = archive.extractfile(info) if info.isfile() else None
                yield info.name, member.read() if member else b""
    except (tarfile.TarError, OSError, EOFError, ValueError):
        return
