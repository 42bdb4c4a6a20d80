"""DOT, the language of Graphviz."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from gnn.datasets.formats.bounded_text import MAX_BYTES, byte_pieces, limit_of, read_text
from gnn.datasets.formats.dot_tokens import Word, dot_words
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.network_builder import AUTO, Choices, NetworkBuilder

MAX_DEPTH = 100
_KEYWORDS = ("node", "edge", "graph", "digraph", "subgraph", "strict")
# Graphviz reads UTF-8, unless the file says so.
_LATIN = re.compile(rb"""\bcharset\s*=\s*"?(?:latin-?1|l1|iso[-_]8859-1)\b""", re.IGNORECASE)
# How Graphviz draws a node, which says nothing of it.
_DRAWING = frozenset(
    "shape style color fillcolor fontcolor fontname fontsize pos width height fixedsize penwidth "
    "pencolor margin peripheries regular sides skew distortion orientation image imagescale "
    "labelloc nojustify ordering pin rank rects root samplepoints shapefile showboxes tooltip URL "
    "href target vertices z xlabel xlp layer comment colorscheme gradientangle lp".split()
)


def read_dot(
    path: str | os.PathLike[str],
    *,
    label: str | None = AUTO,
    weight: str | None = AUTO,
    max_bytes: int = MAX_BYTES,
) -> Network:
    """Reads a file of Graphviz.

    - A `digraph` is directed, a `graph` is not. `a -> b -> c` are two edges.
    - Subgraphs and clusters are part of the graph: edges in them are edges, and an edge to one is
      an edge to each node in it.
    - `node [...]` and `edge [...]` hold for what comes after them, in their braces.
    - In a `strict` graph a repeated edge is the same edge, and its later attributes hold.
    - The name to show is `label`. Attributes for drawing, such as `shape`, and ports are left out.
      Attributes that are numbers for all nodes are numbers.

    Args:
      path: the file, plain or compressed (`.gz`, `.bz2`, `.xz`, `.zst`).
      label: as in `Choices`.
      weight: as in `Choices`.
      max_bytes: as in `Choices`.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no such file, too large, has several graphs, braces more than 100 deep, or
        `--` in a `digraph`; the message names the line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.dot")
    ...     _ = path.write_text('digraph { edge [weight="2"] a -> {b c} }')
    ...     network = read_dot(path)
    >>> network.ids, network.senders.tolist(), network.receivers.tolist(), network.weights.tolist()
    (['a', 'b', 'c'], [0, 0], [1, 2], [2.0, 2.0])
    """
    path = Path(path)
    latin = _LATIN.search(next(byte_pieces(path, max_bytes), b""))
    text = read_text(path, max_bytes, "iso-8859-1" if latin else "")
    builder = NetworkBuilder(path.name, Choices(label, weight, max_bytes))
    return _Reader(builder, dot_words(text, path.name)).network()


class _Scope:
    """What stands in one pair of braces, and the statement in it that has not ended."""

    def __init__(self, above: _Scope | None, members: dict[str, None]) -> None:
        self.node_defaults: dict[str, str] = dict(above.node_defaults) if above else {}
        self.edge_defaults: dict[str, str] = dict(above.edge_defaults) if above else {}
        self.members = members
        self.clear()

    def clear(self) -> None:
        """Begins a statement."""
        # The nodes of each end of a chain of edges, and the edge that has no second end yet.
        self.chain: list[Collection[str]] = []
        self.joined = False
        self.attributes: dict[str, str] = {}
        self.line = 0


class _Reader:
    """Reads the words of a file, with the braces that are open on a list and not on the stack."""

    def __init__(self, builder: NetworkBuilder, words: Iterator[Word]) -> None:
        self.builder, self.words = builder, words
        self.word = next(words)
        self.directed = self.strict = False
        self.scopes: list[_Scope] = []
        self.subgraphs: dict[str, dict[str, None]] = {}
        self.pairs: dict[tuple[str, str], int] = {}
        self.left = limit_of(builder.choices.max_bytes)

    def network(self) -> Network:
        """The network of the whole file."""
        self._head()
        self.scopes.append(_Scope(None, {}))
        while self.scopes:
            self._step()
        if self.word.kind != "end":
            raise self._unexpected("a file must hold one graph")
        return self.builder.build(self.directed, untyped=True)

    def _head(self) -> None:
        self.strict = self._keyword() == "strict"
        if self.strict:
            self._next()
        if self._keyword() not in ("graph", "digraph"):
            raise self._unexpected("graph or digraph must come")
        self.directed = self._keyword() == "digraph"
        self._next()
        if self._is_name():
            self._next()
        self._expect("{")

    def _step(self) -> None:
        """Reads the next part of a statement."""
        scope, keyword = self.scopes[-1], self._keyword()
        if self.word.kind == "end":
            raise self._unexpected("the file ends inside of braces")
        if self._sign("}"):
            self._end_statement(scope)
            self._next()
            self.scopes.pop()
            if self.scopes:
                self._meter(len(scope.members), self.word.line)
                self.scopes[-1].members.update(scope.members)
                self._operand(scope.members)
        elif self._sign(";") or self._sign(","):
            self._end_statement(scope)
            self._next()
        elif self._sign("->") or self._sign("--"):
            self._join(scope)
        elif self._sign("["):
            if not scope.chain or scope.joined:
                raise self._unexpected("attributes of nothing")
            scope.attributes |= self._attributes()
        elif self._sign("{") or keyword == "subgraph":
            self._subgraph(scope)
        elif keyword in ("node", "edge", "graph"):
            self._end_statement(scope)
            self._next()
            defaults = {"node": scope.node_defaults, "edge": scope.edge_defaults}.get(keyword, {})
            defaults |= self._attributes()
        elif self._is_name():
            self._name(scope)
        else:
            raise self._unexpected("no statement begins so")

    def _name(self, scope: _Scope) -> None:
        """A node, or an attribute of the graph."""
        first = self.word
        self._next()
        if self._sign("="):
            self._end_statement(scope)
            self._next()
            self._take_name()
            return
        for _ in range(2):  # A port, and a point of the compass.
            if self._sign(":"):
                self._next()
                self._take_name()
        if not scope.joined:
            self._end_statement(scope)
        if not self.builder.has_node(first.text):
            self.builder.add_node(first.text, {}, first.line)
            self._describe(first.text, scope.node_defaults, first.line)
        scope.members[first.text] = None
        self._operand((first.text,), first.line)

    def _subgraph(self, scope: _Scope) -> None:
        """Opens braces, or refers to a subgraph by its name."""
        if not scope.joined:
            self._end_statement(scope)
        members: dict[str, None] = {}
        if self._keyword() == "subgraph":
            self._next()
            if self._is_name():
                members = self.subgraphs.setdefault(self._take_name(), members)
            if not self._sign("{"):
                self._operand(members)
                return
        self._expect("{")
        if len(self.scopes) == MAX_DEPTH:
            raise self._unexpected(f"braces are more than {MAX_DEPTH} deep")
        self.scopes.append(_Scope(scope, members))

    def _operand(self, nodes: Collection[str], line: int | None = None) -> None:
        scope = self.scopes[-1]
        if not scope.joined:
            self._end_statement(scope)
            scope.line = self.word.line if line is None else line
        scope.chain.append(nodes)
        scope.joined = False

    def _join(self, scope: _Scope) -> None:
        if not scope.chain or scope.joined or scope.attributes:
            raise self._unexpected("an edge must stand between two nodes")
        if self._sign("->") != self.directed:
            raise self._unexpected(
                f"edges of a {'digraph' if self.directed else 'graph'} are written "
                f"{'->' if self.directed else '--'}"
            )
        self._next()
        scope.joined = True

    def _end_statement(self, scope: _Scope) -> None:
        if scope.joined:
            raise self._unexpected("an edge has no second end")
        if len(scope.chain) == 1 and scope.attributes:
            self._meter(len(scope.chain[0]), scope.line)
            for node in scope.chain[0]:
                self._describe(node, scope.attributes, scope.line)
        attributes = scope.edge_defaults | scope.attributes
        for sources, targets in itertools.pairwise(scope.chain):
            self._meter(len(sources) * len(targets), scope.line)
            for source in sources:
                for target in targets:
                    self._edge(source, target, attributes, scope.line)
        scope.clear()

    def _meter(self, steps: int, line: int) -> None:
        """Counts edges, and nodes of subgraphs: a few words can ask for very many of them."""
        self.left -= steps
        if self.left < 0:
            raise self.builder.error(
                line,
                f"edges and nodes of subgraphs are more than "
                f"{limit_of(self.builder.choices.max_bytes):,} (max_bytes / 8)",
            )

    def _edge(self, source: str, target: str, attributes: dict[str, str], line: int) -> None:
        pair = (source, target)
        if self.strict and not self.directed:
            pair = (min(pair), max(pair))
        if self.strict and pair in self.pairs:
            self.builder.count("repeats in a strict graph, whose later attributes hold")
            self.builder.update_edge(self.pairs[pair], attributes, line)
            return
        if self.strict:
            self.pairs[pair] = self.builder.num_edges
        self.builder.add_edge(source, target, self.directed, attributes, line)

    def _describe(self, node: str, attributes: dict[str, str], line: int) -> None:
        shown = attributes.get("label")
        cells = {k: v for k, v in attributes.items() if k != "label" and k not in _DRAWING}
        self.builder.count(
            "attributes for drawing left out", sum(name in _DRAWING for name in attributes)
        )
        # Graphviz takes \N for the name of the node.
        shown = shown if shown not in (None, "", "\\N") else None
        self.builder.update_node(node, cells, line, shown)

    def _attributes(self) -> dict[str, str]:
        """Lists in brackets, one after the other."""
        found: dict[str, str] = {}
        while self._sign("["):
            self._next()
            while not self._sign("]"):
                name, value = self._take_name(), "true"
                if self._sign("="):
                    self._next()
                    value = self._take_name()
                found[name] = value
                if self._sign(";") or self._sign(","):
                    self._next()
            self._next()
        return found

    def _next(self) -> None:
        self.word = next(self.words)

    def _keyword(self) -> str:
        text = self.word.text.lower()
        return text if self.word.kind == "id" and text in _KEYWORDS else ""

    def _is_name(self) -> bool:
        return self.word.kind in ("id", "quoted") and not self._keyword()

    def _sign(self, text: str) -> bool:
        return self.word.kind == "sign" and self.word.text == text

    def _expect(self, text: str) -> None:
        if not self._sign(text):
            raise self._unexpected(f"{text} must come")
        self._next()

    def _take_name(self) -> str:
        if not self._is_name():
            raise self._unexpected("a name must come")
        text = self.word.text
        self._next()
        return text

    def _unexpected(self, what: str) -> ValueError:
        shown = "the end" if self.word.kind == "end" else repr(self.word.text[:40])
        return self.builder.error(self.word.line, f"{what}, got {shown}")


def _claims(sample: Sample) -> bool:
    text = re.sub(r"//[^\n]*|/\*.*?\*/|^#[^\n]*", "", sample.head, flags=re.DOTALL | re.MULTILINE)
    head = r"""[\ufeff\s]*(strict\s+)?(di)?graph\b\s*(\w+|"[^"]*"|-?[\d.]+)?\s*\{"""
    return re.match(head, text, re.IGNORECASE) is not None


DOT = FileFormat(
    name="dot",
    about=(
        "DOT: a digraph is directed, a graph is not; ids are text; edges in clusters and to "
        "clusters are edges; an undirected pair stands once; weights of repeats are added, unless "
        "the graph is strict; loops stay."
    ),
    claims=_claims,
    read=read_dot,
)
