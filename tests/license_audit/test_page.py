# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The HTML report: whole, self-contained, safe against what it quotes, and readable without a screen."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from keima_audit.page.document import as_html
from keima_audit.page.markup import Markup, link, linked, prose, table, tag

# REUSE-IgnoreStart
GPL = "# SPDX-License-Identifier: GPL-3.0-only\n"
MIT_TEXT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, subject to the following
conditions: The above copyright notice and this permission notice shall be included in all copies.
"""
# REUSE-IgnoreEnd
_VOID = {"meta", "br"}


class Page(HTMLParser):
    """Reads a page and refuses one whose elements do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.stack.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.stack:
            self.cells[-1] += data


def test_a_finding_has_its_reason_the_text_it_rests_on_and_links(tree):
    tree.write({"a.py": "x = 1\n" + GPL + "y = 2\n"})
    page = Page(as_html(tree.report()))
    cell = next(cell for cell in page.cells if cell.startswith("GPL-3.0-only is not allowed for use 'source'"))
    assert "line 2: GPL-3.0-only (tag" in cell
    assert GPL.strip() in cell and "y = 2" in cell
    addresses = {attributes.get("href") for name, attributes in page.elements if name == "a"}
    assert "https://www.gnu.org/licenses/gpl-3.0.html" in addresses


def test_the_verdict_stands_first(tree):
    assert "The audit passes." in as_html(tree.report())
    tree.write({"a.py": GPL})
    text = as_html(tree.report())
    assert text.index("The audit does not pass.") < text.index("Open findings")


def test_nothing_is_loaded_and_nothing_runs(tree):
    tree.write({"a.py": GPL, "third_party/x/LICENSE": "Permission is hereby granted, free of charge\n"})
    text = as_html(tree.report())
    names = {name for name, _ in Page(text).elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form"}
    assert "@import" not in text and "url(" not in text
    assert not re.search(r"\son[a-z]+=", text)


def test_what_the_tree_says_stays_text(tree):
    tree.write({"<b>&.py": GPL + "# <script>alert(1)</script>\n"})
    tree.more('[license."LicenseRef-X"]\nfamily = "permissive"\nreason = "x"\nlink = "javascript:alert(1)"\n')
    tree.allow("LicenseRef-X")
    # REUSE-IgnoreStart
    tree.write({"x.py": "# SPDX-License-Identifier: LicenseRef-X\n"})
    # REUSE-IgnoreEnd
    page = Page(as_html(tree.report()))
    assert {"script", "b"} & {name for name, _ in page.elements} <= {"b"}
    assert all(str(a.get("href", "#")).startswith(("#", "http")) for name, a in page.elements if name == "a")


def test_a_third_party_folder_has_a_verdict(tree):
    tree.write({"third_party/good/LICENSE": MIT_TEXT, "third_party/good/a.c": "int a;\n"})
    tree.write({"third_party/bad/b.c": "int b;\n"})
    text = as_html(tree.report())
    section = text[text.index('<section><h2 id="third-party"') :]
    cells = Page(section[: section.index("</section>")] + "</section>").cells
    assert cells[cells.index("third_party/bad") + 3] == "vendored-without-license (1)"
    assert cells[cells.index("third_party/good") + 3] == "nothing speaks against it"


def test_dependencies_and_waivers_are_listed(tree):
    tree.write({"a.py": "# https://stackoverflow.com/a/32095106\n"})
    sha256 = next(item.facts.sha256 for item in tree.report().resolved if item.path == "a.py")
    tree.more(
        f'[[waiver]]\nrule = "provenance"\npath = "a.py"\nsha256 = "{sha256}"\nreason = "accepted-risk"\n'
        'text = "three lines"\nreviewer = "A. Lawyer"\nexpires = 2999-01-01\n'
    )
    cells = Page(as_html(tree.report())).cells
    assert cells[cells.index("a.py:1") + 3] == "A. Lawyer: accepted-risk, three lines"


def test_pieces():
    assert tag("p", "<", Markup("<b></b>")) == "<p>&lt;<b></b></p>"
    assert linked("see https://a.test/b?c=1&d=2.") == (
        'see <a href="https://a.test/b?c=1&amp;d=2" class="bare">https://a.test/b?c=1&amp;d=2</a>.'
    )
    assert link("data:text/html,x", "words") == "words"
    assert prose("run `a <b>` now") == "run <code>a &lt;b&gt;</code> now"
    assert table(("A",), []) == "<p>None.</p>"
