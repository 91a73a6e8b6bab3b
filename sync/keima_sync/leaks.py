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
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from keima_sync.errors import SyncUsageError
from keima_sync.globs import Glob

_PROBE_BYTES = 8000
_MOST_MEMBERS = 10_000
_MOST_BYTES = 256 << 20  # unpacked, of one archive with those in it
_MOST_DEPTH = 3
_OVERLAP = 64 << 10  # bytes that two parts of a large file have in common
_ZIP = b"PK\3\4"
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
        return [*kinds, *self._in_all(path)]

    def in_text(self, text: bytes) -> list[Leak]:
        """Of a message, a person or a symlink's target."""
        return list(self._in_all(text))

    def in_content(self, data: bytes) -> list[Leak]:
        """Of a file: text, the strings of a binary, UTF-16, and what archives hold."""
        found = list(self._in_all(_readable(data)))
        budget = _Budget()
        for member, content in _members(data, budget, 0):
            found += [Leak(leak.line, leak.kind, leak.rule, member) for leak in self.in_name(member.encode())]
            found += [Leak(leak.line, leak.kind, leak.rule, member) for leak in self._in_all(_readable(content))]
        if budget.exceeded:
            found.append(Leak(0, "an archive too large to look through", self._anywhere()))
        return found

    def in_parts(self, parts: Iterable[bytes]) -> list[Leak]:
        """Of a file that is not held in memory. A match of more than 32 KiB may be missed where two parts meet, and an
        archive is not looked through but said to be too large.
        """
        found: dict[Leak, None] = {}
        before = 0
        for first, data, last in _overlapping(_readable_parts(parts)):
            if first and _is_archive(data):
                found[Leak(0, "an archive too large to look through", self._anywhere())] = None
            # What a match needs to its left or right may lie in another part: there it is seen whole.
            least, most = 0 if first else _OVERLAP // 4, len(data) if last else len(data) - _OVERLAP // 4
            leaks = (*self._in_text(data, least, most), *(self._secrets(data) if self.secrets else ()))
            found.update((replace(leak, line=leak.line + before), None) for leak in leaks)
            before += data.count(b"\n", 0, len(data) - _OVERLAP) if not last else 0
        return list(found)

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

    def _in_all(self, data: bytes) -> Iterator[Leak]:
        yield from self._in_text(data, 0, len(data))
        if self.secrets:
            yield from self._secrets(data)

    def _in_text(self, data: bytes, least: int, most: int) -> Iterator[Leak]:
        """Of matches that begin at `least` or later and end at `most` or sooner."""
        for rule in self.texts:
            for match in rule.pattern.finditer(data):
                if match.start() >= least and match.end() <= most:
                    yield Leak(data.count(b"\n", 0, match.start()) + 1, rule.kind, rule.rule)

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


def _readable_parts(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same of a file in parts."""
    decoder = None
    for number, part in enumerate(parts):
        if number == 0 and part[:2] in (b"\xff\xfe", b"\xfe\xff"):
            decoder = getincrementaldecoder("utf-16")("replace")
        yield part if decoder is None else decoder.decode(part).encode("utf-8", "replace")


def _overlapping(parts: Iterable[bytes]) -> Iterator[tuple[bool, bytes, bool]]:
    """The parts, each with the end of those before it; whether it is the first, and the last. None is shorter than
    the overlap but the last.
    """
    data, first = b"", True
    for part in parts:
        if len(data) > 2 * _OVERLAP:
            yield first, data, False
            data, first = data[-_OVERLAP:], False
        data += part
    yield first, data, True


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
    if not _is_archive(data):
        return
    for name, content in _zip_members(data, budget) if data[:4] == _ZIP else _tar_members(data, budget):
        yield name, content
        yield from ((f"{name}/{inner}", held) for inner, held in _members(content, budget, depth + 1))


def _is_archive(data: bytes) -> bool:
    return data.startswith((_ZIP, b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")) or data[257:262] == b"ustar"


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
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
            for info in archive:
                if not budget.take(info.size):
                    return
                member = archive.extractfile(info) if info.isfile() else None
                yield info.name, member.read() if member else b""
    except (tarfile.TarError, OSError, EOFError, ValueError):
        return
