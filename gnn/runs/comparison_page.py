"""The page of a comparison: one HTML file that needs no network and no script."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from gnn.runs.accuracies import Accuracies
from gnn.runs.comparing import Comparison, shown_p

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #666; --line: #d8d8d8; --paper: #fff;
  --mark: #0b6bcb; --band: #0b6bcb33; }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --soft: #aaa; --line: #444;
  --paper: #161616; --mark: #6cb4ff; --band: #6cb4ff44; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { color: var(--soft); margin: .25rem 0 .75rem; max-width: 42rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-weight: 600; color: var(--soft); font-size: .85rem; }
td.number, th.number { text-align: right; white-space: nowrap; }
td small { color: var(--soft); display: block; }
.sure { font-weight: 600; }
figure { margin: 0; }
.dot { display: flex; flex-wrap: wrap; align-items: center; column-gap: 1rem;
  border-bottom: 1px solid var(--line); padding: .4rem 0; }
.dot b { flex: 1 1 12rem; font-weight: 400; overflow-wrap: anywhere; }
.dot span { flex: 0 0 9rem; text-align: right; font-variant-numeric: tabular-nums; }
.dot svg { flex: 1 1 18rem; height: 1.6rem; min-width: 0; overflow: visible; }
.ends { border: 0; color: var(--soft); font-size: .85rem; padding: .1rem 0; }
.ends i { flex: 1 1 18rem; display: flex; justify-content: space-between; }
.ends i, .ends em { font-style: normal; }
@media (max-width: 44rem) {
  .dot b { flex-basis: 100%; }
  .dot svg, .ends i { flex: 1 1 8rem; }
  .ends b { display: none; }
  thead { display: none; }
  tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0; }
  td, td.number { display: flex; justify-content: space-between; gap: 1rem; border: 0;
    padding: .1rem 0; text-align: right; white-space: normal; overflow-wrap: anywhere; }
  td::before { content: attr(data-title); color: var(--soft); font-size: .85rem;
    text-align: left; white-space: nowrap; }
}
"""
_SURE = 0.05


def comparison_page(found: Comparison) -> str:
    """Writes a comparison as HTML.

    Args:
        found: what `gnn.runs.compare` returned.

    Returns:
        The text of a file: all text of users is escaped, styles and pictures are in it.
    """
    title = f"{found.data}: {len(found.settings)} settings"
    splits = found.splits
    parts = [f"<h1>{_text(title)}</h1>", f"<p>{_text(found.order)}</p>"]
    for split in reversed(splits):
        parts += _dots(found, split)
    parts += ["<h2>Settings</h2>", *_settings(found, splits)]
    if found.pairs:
        parts += [f"<h2>Differences on {_text(found.split)}</h2>", *_pairs(found)]
    parts += [f"<p>{_text(note)}</p>" for note in found.notes]
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(parts) + "\n</body>\n</html>\n"


def _dots(found: Comparison, split: str) -> list[str]:
    """A row a setting: the mean, its standard error, each run, and the interval of the nodes."""
    rows = [each.accuracies[split] for each in found.settings if split in each.accuracies]
    low = min(min(*row.each, row.interval[0]) for row in rows)
    high = max(max(*row.each, row.interval[1]) for row in rows)
    room = 0.04 * ((high - low) or 1.0)
    low, high = max(low - room, 0.0), min(high + room, 1.0)
    lines = [
        f"<h2>Accuracy on {_text(split)}</h2>",
        "<p>Dot: the mean. Bar: its standard error. Rings: single runs. Band: the 95% interval "
        f"of so few nodes ({_counts(rows)}).</p>",
        "<figure>",
    ]
    for each in found.settings:
        if split in each.accuracies:
            row = each.accuracies[split]
            lines.append(
                f'<div class="dot"><b>{_text(each.name)}</b>{_picture(row, low, high)}'
                f"<span>{_percent(row)}</span></div>"
            )
    lines.append(
        f'<div class="dot ends"><b></b><i><em>{low:.1%}</em><em>{high:.1%}</em></i>'
        "<span></span></div>"
    )
    return [*lines, "</figure>"]


def _picture(row: Accuracies, low: float, high: float) -> str:
    def place(value: float) -> str:
        return f"{100 * (min(max(value, low), high) - low) / ((high - low) or 1.0):.2f}%"

    start, end = row.interval
    error = row.standard_error or 0.0
    marks = [
        f'<line x1="{place(start)}" x2="{place(end)}" y1="50%" y2="50%" stroke="var(--band)" '
        'stroke-width="14"/>'
    ]
    if len(row.each) > 1:
        marks += [
            f'<circle cx="{place(value)}" cy="50%" r="3.5" fill="none" stroke="var(--mark)"/>'
            for value in row.each
        ]
        marks.append(
            f'<line x1="{place(row.mean - error)}" x2="{place(row.mean + error)}" y1="50%" '
            'y2="50%" stroke="var(--mark)" stroke-width="3"/>'
        )
    marks.append(f'<circle cx="{place(row.mean)}" cy="50%" r="5" fill="var(--mark)"/>')
    return f'<svg role="img" aria-label="{_text(str(row))}">{"".join(marks)}</svg>'


def _settings(found: Comparison, splits: Sequence[str]) -> Iterable[str]:
    names = list(dict.fromkeys(name for each in found.settings for name in each.options))
    yield from _head([*names, "runs", *splits], len(names))
    for each in found.settings:
        yield "<tr>"
        yield from (_cell(name, _value(each.options.get(name))) for name in names)
        yield _cell("runs", str(len(each.runs)), "number")
        for split in splits:
            if split not in each.accuracies:
                yield _cell(split, "-", "number")
                continue
            row = each.accuracies[split]
            start, end = row.interval
            told = f"<small>{start:.1%} to {end:.1%}, {row.nodes} nodes</small>"
            yield _cell(split, f"<span>{_percent(row)}{told}</span>", "number")
        yield "</tr>"
    yield "</tbody></table></div>"


def _pairs(found: Comparison) -> Iterable[str]:
    titles = ["setting", "against", "difference", "better : worse", "p of nodes", "p of seeds"]
    yield from _head(titles, 2)
    for pair in found.pairs:
        cells = [_text(pair.one), _text(pair.other), f"{100 * pair.difference:+.2f} points"]
        cells += [f"{pair.wins} : {pair.losses} nodes"]
        kinds = ["", "", "number", "number"]
        for value in (pair.p_nodes, pair.p_seeds):
            cells.append(_text(shown_p(value)))
            kinds.append("number sure" if value is not None and value < _SURE else "number")
        yield "<tr>"
        yield from map(_cell, titles, cells, kinds)
        yield "</tr>"
    yield "</tbody></table></div>"


def _head(titles: Sequence[str], texts: int) -> Iterable[str]:
    """The head of a table whose first columns are text and the others numbers."""
    yield '<div class="wide"><table><thead><tr>'
    for place, title in enumerate(titles):
        kind = ' class="number"' if place >= texts else ""
        yield f"<th{kind}>{_text(title)}</th>"
    yield "</tr></thead><tbody>"


def _cell(title: str, content: str, kind: str = "") -> str:
    """A cell that says its title where a narrow screen shows no head."""
    return f'<td class="{kind}" data-title="{_text(title)}">{content}</td>'


def _counts(rows: Sequence[Accuracies]) -> str:
    counts = sorted({row.nodes for row in rows})
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _percent(row: Accuracies) -> str:
    error = "" if row.standard_error is None else f" ± {100 * row.standard_error:.2f}"
    return f"{100 * row.mean:.2f}{error}%"


def _value(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return _text(" ".join(map(str, value)) if isinstance(value, list) else str(value))


def _text(text: str) -> str:
    return html.escape(text, quote=True)
