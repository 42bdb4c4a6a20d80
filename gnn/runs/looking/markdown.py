"""The Markdown of a model card as HTML: headings, tables, lists, code, and text that is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_CODE = re.compile(r"`([^`]+)`")
_CELL = re.compile(r"(?<!\\)\|")


def as_html(markdown: str, lower: int = 1) -> str:
    r"""Writes Markdown as HTML in which nothing of users is markup.

    It knows what `gnn.runs.model_card` writes: `#` headings, tables, `- ` lists, fenced code,
    `code`, and paragraphs.

    Args:
        markdown: the text.
        lower: levels by which headings are moved down.

    Example:

    >>> as_html("# A `b`\n\n- <script>\n")
    '<h2>A <code>b</code></h2>\n<ul>\n<li>&lt;script&gt;</li>\n</ul>'
    """
    return "\n".join(_blocks(markdown.split("\n"), lower))


def _blocks(lines: list[str], lower: int) -> Iterator[str]:
    place = 0
    while place < len(lines):
        line, start = lines[place], place
        place += 1
        if line.startswith("```"):
            while place < len(lines) and not lines[place].startswith("```"):
                place += 1
            code = html.escape("\n".join(lines[start + 1 : place]))
            place += 1
            yield f'<pre tabindex="0"><code>{code}</code></pre>'
        elif heading := re.match(r"(#{1,5}) +(.*)", line):
            level = min(len(heading[1]) + lower, 6)
            yield f"<h{level}>{_text(heading[2])}</h{level}>"
        elif line.startswith("|"):
            while place < len(lines) and lines[place].startswith("|"):
                place += 1
            yield from _table(lines[start:place])
        elif line.startswith("- "):
            while place < len(lines) and lines[place].startswith("- "):
                place += 1
            yield "<ul>"
            yield from (f"<li>{_text(each[2:])}</li>" for each in lines[start:place])
            yield "</ul>"
        elif line.strip():
            yield f"<p>{_text(line)}</p>"


def _table(rows: list[str]) -> Iterator[str]:
    cells = [[cell.strip() for cell in _CELL.split(row)[1:-1]] for row in rows]
    yield '<div class="wide" tabindex="0"><table><thead><tr>'
    yield "".join(f"<th>{_text(cell)}</th>" for cell in cells[0])
    yield "</tr></thead><tbody>"
    for row in cells[2:]:
        yield "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>"
    yield "</tbody></table></div>"


def _text(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text.replace("\\|", "|")))
