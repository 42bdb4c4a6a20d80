"""The ways in which JSON lists nodes and links, made one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

Name: TypeAlias = str | int | None


class Node(NamedTuple):
    """A node: its id, None where it has none, and its attributes."""

    id: Name
    cells: Mapping[str, Any]


class Link(NamedTuple):
    """A link: its ends as they stand, whether it holds in one direction, its attributes."""

    source: Name
    target: Name
    directed: bool
    cells: Mapping[str, Any]


class Listed(NamedTuple):
    """Nodes and links, what a link is that does not say, and whether a pair is linked once."""

    nodes: list[Node]
    links: list[Link]
    directed: bool
    once: bool = False


def listed(value: Any, name: str) -> Listed:
    """Finds nodes and links in what a JSON file holds.

    Args:
      value: what `json.loads` gives.
      name: what errors call the file.

    Returns:
      Nodes and links. Of Cytoscape.js all ids are text, as it takes them itself.

    Raises:
      ValueError: for adjacency lists, the JSON Graph Format, and whatever has no nodes and links.

    >>> graph = listed({"nodes": [{"id": 1}], "edges": [{"from": 1, "to": 1}]}, "a.json")
    >>> graph.nodes[0].id, graph.links[0].target, graph.directed
    (1, 1, False)
    """
    if isinstance(value, list) and value and isinstance(value[0], Mapping) and _data(value[0]):
        value = {"elements": value}
    if not isinstance(value, Mapping):
        raise ValueError(f"{name}: must be an object with nodes and links, got {_kind(value)}")
    if "adjacency" in value:
        raise ValueError(
            f"{name} is adjacency JSON (networkx.adjacency_data), which is not read; write it by "
            "networkx.node_link_data"
        )
    inner = value.get("graph")
    if isinstance(value.get("nodes"), Mapping) or "graphs" in value or _has_nodes(inner):
        raise ValueError(
            f"{name} is in the JSON Graph Format, which is not read; give a list of nodes and one "
            "of links"
        )
    directed = value.get("directed", False)
    if not isinstance(directed, bool):
        raise ValueError(f"{name}: directed must be true or false, got {directed!r}")
    if "elements" in value:
        return _cytoscape(value["elements"], directed, name)
    ways = [key for key in ("links", "edges") if key in value]
    if "nodes" not in value or len(ways) != 1:
        raise ValueError(
            f"{name}: must be an object with nodes, and with links or edges, got the keys "
            f"{list(value)[:10]}"
        )
    nodes = _records(value["nodes"], "nodes", name)
    links = _records(value[ways[0]], ways[0], name)
    if nodes and all("id" not in node and "id" in _data(node) for node in nodes):
        return _cytoscape({"nodes": nodes, "edges": links}, directed, name)
    if nodes and all("key" in node and "id" not in node for node in nodes):
        return _graphology(value, nodes, links, name)
    return Listed(
        [_node(node, k, name) for k, node in enumerate(nodes)],
        [_link(link, directed, k, name) for k, link in enumerate(links)],
        directed,
        once=value.get("multigraph") is False,
    )


def _has_nodes(inner: Any) -> bool:
    return isinstance(inner, Mapping) and isinstance(inner.get("nodes"), Mapping | list)


def _cytoscape(elements: Any, directed: bool, name: str) -> Listed:
    if isinstance(elements, Mapping):
        nodes = _records(elements.get("nodes", []), "elements.nodes", name)
        links = _records(elements.get("edges", []), "elements.edges", name)
    else:
        every = _records(elements, "elements", name)
        links = [e for e in every if "source" in _data(e)]
        nodes = [e for e in every if "source" not in _data(e)]
    return Listed(
        [_node(_data(node), k, name, as_text=True) for k, node in enumerate(nodes)],
        [_link(_data(link), directed, k, name, as_text=True) for k, link in enumerate(links)],
        directed,
    )


def _graphology(value: Any, nodes: Any, links: Any, name: str) -> Listed:
    options = value.get("options")
    kind = options.get("type", "mixed") if isinstance(options, Mapping) else "mixed"
    found = []
    for k, link in enumerate(links):
        undirected = link.get("undirected", kind == "undirected")
        ends = {key: link.get(key) for key in ("source", "target")}
        record = {**_inner(link, "attributes"), **ends}
        found.append(_link(record, not undirected, k, name))
    plain = [{**_inner(node, "attributes"), "id": node["key"]} for node in nodes]
    return Listed([_node(n, k, name) for k, n in enumerate(plain)], found, kind != "undirected")


def _records(value: Any, what: str, name: str) -> list[Any]:
    """A list of objects."""
    if not isinstance(value, list):
        raise ValueError(f"{name}: {what} must be a list of objects, got {_kind(value)}")
    for k, record in enumerate(value):
        if not isinstance(record, Mapping):
            raise ValueError(f"{name}: {what}[{k}] must be an object, got {_kind(record)}")
    return value


def _data(record: Any) -> Any:
    return _inner(record, "data")


def _inner(record: Any, key: str) -> Any:
    inner = record.get(key)
    return inner if isinstance(inner, Mapping) else {}


def _node(record: Any, k: int, name: str, as_text: bool = False) -> Node:
    cells = {key: cell for key, cell in record.items() if key != "id"}
    where = f"{name}, node {k}: the id"
    return Node(_name(record.get("id"), where, as_text), cells)


def _link(record: Any, directed: bool, k: int, name: str, as_text: bool = False) -> Link:
    ends = [
        _name(record.get(key, record.get(other)), f"{name}, link {k}: the {key}", as_text)
        for key, other in (("source", "from"), ("target", "to"))
    ]
    names = ("source", "target", "from", "to", "key", "id")
    cells = {key: cell for key, cell in record.items() if key not in names}
    return Link(ends[0], ends[1], directed, cells)


def _name(value: Any, where: str, as_text: bool) -> Name:
    """An id: text, or an integer."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return str(value) if as_text and value is not None else value
    raise ValueError(f"{where} must be text or an integer, got {_kind(value)}")


def _kind(value: Any) -> str:
    """What a value is, in the words of JSON."""
    words = {dict: "an object", list: "a list", str: "text", type(None): "null"}
    return words.get(type(value), repr(value))
