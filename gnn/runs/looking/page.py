"""The page of a report: everything in one text that asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gnn.plots.canvas import PALETTE
from gnn.runs.looking.script import SCRIPT
from gnn.runs.looking.sections import escape
from gnn.runs.looking.style import STYLE

# Rings around the neighbors by either side.
SIDE_COLORS = PALETTE[0], PALETTE[5]
_SYMBOLS = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "triangle-down",
    "cross",
    "star",
    "hexagon",
)


def whole_page(
    title: str,
    sections: Sequence[tuple[str, Sequence[str]]],
    charts: Mapping[str, Mapping[str, Any]],
    items: Mapping[str, Any] | None,
    plotly: str,
) -> str:
    """Puts a page together.

    The browser is told to run the two scripts of the page, by their checksums, and nothing else,
    and to load nothing.

    Args:
        title: of the page.
        sections: title and lines of HTML of each; the first has no title of its own.
        charts: id of an element -> a figure.
        items: as `gnn.runs.looking.items` has them, with `pictures`; None draws no map.
        plotly: the source of plotly.js.

    Example:

    >>> page = whole_page("<b>", [("", []), ("One", ["<p>text</p>"])], {}, None, "var Plotly;")
    >>> page.count("<b>"), "&lt;b&gt;" in page, page.count("<script")
    (0, True, 3)
    """
    data = {
        "charts": charts,
        "items": items,
        "palette": PALETTE,
        "side_colors": SIDE_COLORS,
        "symbols": _SYMBOLS,
    }
    scripts = [f"\n{plotly}\n", SCRIPT]
    allowed = " ".join(f"'sha256-{_checksum(script)}'" for script in scripts)
    # WebGL of plotly.js makes its drawing functions from strings of its own.
    policy = (
        f"default-src 'none'; script-src {allowed} 'unsafe-eval'; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    parts = []
    titled = [each for each, _ in sections if each]
    for name, lines in sections:
        if name:
            parts.append(f'<h2 id="{_anchor(name)}">{escape(name)}</h2>')
        parts += lines
        if not name:
            links = (f'<a href="#{_anchor(each)}">{escape(each)}</a>' for each in titled)
            parts.append(f'<nav aria-label="Sections">{"".join(links)}</nav>')
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # No icon is asked for.
            '<link rel="icon" href="data:,">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
            f"<h1>{escape(title)}</h1>",
            *parts,
            "</main>",
            f'<script type="application/json" id="data">{as_data(data)}</script>',
            *(f"<script>{script}</script>" for script in scripts),
            "</body>\n</html>\n",
        ]
    )


def as_data(values: Any) -> str:
    r"""JSON that no element of HTML ends in, whatever text is in it.

    Example:

    >>> as_data(["</script>"])
    '["\\u003c/script>"]'
    """
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text.encode("utf-8", "replace").decode()


def chart_places(charts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The elements that the figures are drawn in."""
    figures = (
        f'<figure><h3>{escape(figure["title"])}</h3><div class="plot" id="{name}" role="img" '
        f'aria-label="{escape(figure["title"])}"></div></figure>'
        for name, figure in charts.items()
    )
    return ['<div class="charts">', *figures, "</div>"]


MAP = """
<form id="ask"><span><label for="color">Color</label>
<select id="color"><option value="predicted">class predicted</option>
<option value="labels">label</option></select></span>
<span><label for="wanted">Find</label>
<input id="wanted" placeholder="id or text" autocomplete="off"><button>Show</button></span>
<span id="found" role="status"></span></form>
<div id="map-section">
<div id="map-box"><div id="map" role="application" aria-label="Map of the embedding"></div>
<div id="tip" hidden></div></div>
<div id="chosen" aria-live="polite"><p class="note">Click a point, or find one by its id: here its
nearest neighbors appear.</p></div>
</div>
"""


def _anchor(title: str) -> str:
    return "section-" + "".join(c if c.isalnum() else "-" for c in title.lower())


def _checksum(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
