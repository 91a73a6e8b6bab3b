# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The drawing and the findings as one page: no script, nothing that is fetched, good to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keima_cli.findings import Finding
from keima_sync.graph.migration import Migration, State
from keima_sync.graph.rows import Row
from keima_sync.graph.svg import drawing, escaped

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>keima sync graph</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 2em; color: #222 } .scroll { overflow-x: auto }
table { border-collapse: collapse } td, th { padding: .2em .8em .2em 0; text-align: left; vertical-align: top }
td, th { border-bottom: 1px solid #ddd } code { font-size: 12px } .open { color: #c22 } .over { color: #2a7 }
@media print { body { margin: 0; font-size: 10px } .scroll { overflow: visible } svg { max-width: 100%; height: auto } }
</style></head><body>
"""


def page(migration: Migration, rows: Sequence[Row], left_out: int) -> str:
    """One HTML document; `left_out` older rows are not drawn."""
    return "\n".join(
        (
            _HEAD + "<h1>Migration</h1>",
            *_standing(migration),
            f'<div class="scroll">{drawing(rows, links=True)}</div>',
            f"<p>{left_out} older lines are left out.</p>" if left_out else "",
            *_findings(migration, {commit.id for row in rows for commit in row.commits}),
            "</body></html>\n",
        )
    )


def _standing(migration: Migration) -> Iterator[str]:
    public = migration.public_tip or "empty"
    yield f"<p>origin <code>{migration.origin_tip}</code>, public <code>{public}</code></p><ul>"
    for state in State:
        count = migration.count(state)
        if count:
            yield f"<li>{count} commits: {escaped(state.value)}</li>"
    yield "</ul>"


def _findings(migration: Migration, drawn: set[str]) -> Iterator[str]:
    marked = [(commit, migration.marks[commit.id]) for commit in migration.commits if commit.id in migration.marks]
    shown = [(commit, marks) for commit, marks in marked if commit.id in drawn]
    if not shown:
        yield "<p>Nothing that was drawn broke the public tree.</p>" if not marked else ""
        return
    yield "<h2>What broke, and what was mended</h2><table><tr><th>commit<th>what<th>where<th>finding</tr>"
    for commit, marks in shown:
        for name, found in (("broke", marks.broke), ("mended", marks.mended)):
            for number, finding in enumerate(found):
                anchor = f' id="{name}-{commit.id}"' if number == 0 else ""
                who = f"<code>{commit.id[:9]}</code> {escaped(commit.author)}"
                yield f"<tr{anchor}><td>{who}{_cells(name, finding)}</tr>"
    yield "</table>"


def _cells(name: str, finding: Finding) -> str:
    kind = "open" if name == "broke" and "fixed" not in dict(finding.properties) else "over"
    return (
        f'<td class="{kind}">{name}<td><code>{escaped(str(finding.spot))}</code>'
        f"<td>{escaped(finding.message)}<br>{escaped(finding.hint)}"
    )
