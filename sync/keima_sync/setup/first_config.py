# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a survey as a commented sync.toml that the schema accepts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from keima_sync.setup.survey import Survey


def first_config(survey: Survey, origin: str, branch: str, destination: str) -> str:
    """The text of a sync.toml; what is a guess is said to be one."""
    parts = [_sides(origin, branch, destination), _paths(survey), _blocks(survey), _commits(survey), _leaks(survey)]
    return "\n".join(line for part in (*parts, _proof(survey)) for line in part) + "\n"


def _sides(origin: str, branch: str, destination: str) -> Iterator[str]:
    yield "# What is published of this repository, and how. `keima sync check --config sync.toml` says what breaks,"
    yield "# `keima sync explain PATH` which rule decides, `keima sync export --dry-run` does all but publish."
    yield ""
    yield "[origin]"
    yield f"repository = {_quoted(origin)}      # the internal repository, relative to this file"
    yield f"branch = {_quoted(branch)}"
    yield ""
    yield "[destination]"
    yield f"repository = {_quoted(destination)}      # the public one: an empty repository to begin with"
    yield 'branch = "main"'


def _paths(survey: Survey) -> Iterator[str]:
    yield ""
    yield "[paths]"
    yield 'unmatched = "include"           # a file that no rule names is published; "exclude" is the careful choice'
    yield ""
    yield "# Gitignore-like globs; of all rules the last that matches decides."
    if survey.folders:
        yield "# Guessed by their names: look at each, and for others with other names."
        yield "[[paths.rules]]"
        yield from _listed("exclude", (f"/{_escaped(folder)}/" for folder in survey.folders))
    else:
        yield "# No folder has a name that says it is internal."
        yield "# [[paths.rules]]"
        yield '# exclude = ["/internal/"]'
    yield ""
    yield "# [[paths.rules]]"
    yield '# move = "src/core"               # a file or folder, to its public place'
    yield '# to = "lib"'


def _blocks(survey: Survey) -> Iterator[str]:
    yield ""
    yield "# Lines from one marker to the other are cut, markers and all; a marker without its other half is an error."
    for begin, end, files in survey.markers:
        yield "[[blocks]]"
        yield f"begin = {_quoted(begin)}      # seen in {files} files"
        yield f"end = {_quoted(end)}"
        yield ""
    if not survey.markers:
        yield "# No pair of markers was seen."
        yield "# [[blocks]]"
        yield '# begin = "BEGIN-INTERNAL"'
        yield '# end = "END-INTERNAL"'
        yield ""
    yield "# [[replacements]]"
    yield "# pattern = 'https?://[a-z.]*corp\\.example'   # RE2; or text = \"...\""
    yield '# with = "https://example.org"'
    yield '# count = "0-3"                  # in one file: 2, "0-2" or "1+"'


def _commits(survey: Survey) -> Iterator[str]:
    yield ""
    yield "[commits]"
    yield 'trailer = "Keima-Origin"         # names the internal commit in each public one'
    if survey.domains:
        told = ", ".join(f"{domain} ({count})" for domain, count in survey.domains)
        yield f"# Authors' addresses: {told}. Whoever is not allowed stops the export."
    yield "# allowed = [" + ", ".join(_quoted(f"@{domain}") for domain, _ in survey.domains) + "]"
    yield "# [commits.people]"
    yield '# "ann@corp.example" = "Ann A. <ann@public.example>"'
    yield "# [[commits.scrub]]"
    yield "# pattern = 'TICKET-\\d+'         # taken out of messages"


def _leaks(survey: Survey) -> Iterator[str]:
    yield ""
    yield "# A match in what a commit would add (contents, archives, names, messages, people) stops the export."
    yield "[leaks]"
    yield '# words = ["Project name"]'
    if survey.hosts:
        yield "# Guessed: " + "; ".join(f"{host} is in {path}" for host, path in survey.hosts) + "."
        yield from _listed("hosts", (host for host, _ in survey.hosts))
    else:
        yield '# hosts = ["corp.example"]        # and all below it'
    yield 'files = ["*.pem", "*.key", "*.p12", "id_rsa", ".env"]'
    yield "# secrets = true                  # forms of keys and tokens: pip install 'keima[sync-secrets]'"


def _proof(survey: Survey) -> Iterator[str]:
    yield ""
    yield "# What `keima sync prove` runs in the public tree, in a clean room."
    if survey.builds:
        yield "[proof]"
        yield from _listed("steps", survey.builds)
        yield '# packages = ["gcc", "make"]      # Debian packages of the room; without: this machine\'s programs'
        return
    yield "# [proof]"
    yield '# steps = ["make", "make test"]'


def _listed(key: str, values: Iterable[str]) -> Iterator[str]:
    yield f"{key} = ["
    for value in values:
        yield f"    {_quoted(value)},"
    yield "]"


def _quoted(text: str) -> str:
    """A TOML basic string: for printable text JSON's form is one."""
    return json.dumps(text, ensure_ascii=False)


def _escaped(path: str) -> str:
    """A path as a glob that matches it alone."""
    return "".join(f"\\{c}" if c in "*?[\\" else c for c in path)
