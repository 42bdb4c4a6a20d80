"""What the names of columns say: ids, labels, splits, masks, ends of edges, and no feature."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

# In small letters, without what is no letter or number; what comes first is taken first.
_IDS = ("id", "nodeid", "itemid", "productid", "articleid")
# What other ids end in: `_id`, `Id`, `ID`, but not `paid`.
_ENDS_IN_ID = re.compile(r".*([_\W][iI][dD]|[a-z0-9]I[dD])$")
# In a table of nodes only these, as they stand: a `category` may be a feature, and Gephi's `Label`
# is the name of a node.
_LABELS = ("label", "class")
_LABELS_APART = ("label", "labels", "class", "classes", "category", "target", "y")
_SPLIT = "split"
_MASKS = {
    "trainmask": "train",
    "valmask": "validation",
    "validmask": "validation",
    "validationmask": "validation",
    "testmask": "test",
}
_ENDS = (
    ("source", "target"),
    ("src", "dst"),
    ("from", "to"),
    ("sender", "receiver"),
    ("sourceid", "targetid"),
    ("srcid", "dstid"),
    ("fromid", "toid"),
    ("fromnodeid", "tonodeid"),
    ("startid", "endid"),
)
_INDEX = re.compile(r"(__index_level_.*|Unnamed: \d+)?")
# Numbers of these names are codes, of which no sum means anything.
_CODES = ("ean", "gtin", "upc", "isbn", "issn", "barcode", "sku", "asin", "mpn", "uuid", "guid")


def id_columns(header: Sequence[str]) -> list[str]:
    """The columns that may name the rows, the likeliest first.

    >>> id_columns(["paid", "brand_id", "product_id", "price"])
    ['product_id', 'brand_id']
    """
    known = named_ids(header)
    others = [name for name in header if name not in known and names_an_id(name)]
    return [*known, *others]


def named_ids(header: Sequence[str]) -> list[str]:
    """The columns that are called as ids of nodes are, the likeliest first.

    >>> named_ids(["brand_id", "product_id", "id"])
    ['id', 'product_id']
    """
    return [name for wanted in _IDS for name in header if _letters(name) == wanted]


def names_an_id(name: str) -> bool:
    """Whether the numbers of a column are names, by its own.

    >>> names_an_id("brand_id"), names_an_id("EAN"), names_an_id("paid")
    (True, True, False)
    """
    return bool(_ENDS_IN_ID.match(name)) or _letters(name) in (*_IDS, *_CODES)


def is_code(name: str) -> bool:
    """Whether a column of this name holds codes of products.

    >>> is_code("EAN"), is_code("price")
    (True, False)
    """
    return _letters(name) in _CODES


def label_column(header: Collection[str]) -> str | None:
    """The column of a table of nodes that is the label.

    >>> label_column(["id", "class", "label"]), label_column(["id", "category"])
    ('label', None)
    """
    return next((name for name in _LABELS if name in header), None)


def label_column_apart(header: Sequence[str], id_column: str, any_name: bool = False) -> str | None:
    """The column that is the label where a table holds labels alone, beside splits perhaps.

    Args:
      header: the columns.
      id_column: the one with the ids.
      any_name: whether its name matters.

    >>> label_column_apart(["product_id", "category", "split"], "product_id")
    'category'
    >>> label_column_apart(["product_id", "price"], "product_id") is None
    True
    """
    rest = [name for name in header if name != id_column and not is_split(name)]
    rest = [name for name in rest if not is_index(name)]
    is_label = len(rest) == 1 and (any_name or _letters(rest[0]) in _LABELS_APART)
    return rest[0] if is_label else None


def is_split(name: str) -> bool:
    """Whether a column says which split a node is in.

    >>> is_split("split"), is_split("train_mask"), is_split("train")
    (True, True, False)
    """
    return name == _SPLIT or mask_of(name) is not None


def mask_of(name: str) -> str | None:
    """The split that a column of this name is the mask of.

    >>> mask_of("val_mask"), mask_of("split")
    ('validation', None)
    """
    return _MASKS.get(_letters(name))


def is_index(name: str) -> bool:
    """Whether a column has no name, or the one that pandas gives an index.

    >>> is_index(""), is_index("__index_level_0__"), is_index("Unnamed: 0"), is_index("x")
    (True, True, True, False)
    """
    return bool(_INDEX.fullmatch(name))


def edge_ends(header: Sequence[str]) -> tuple[str, str] | None:
    """The columns with the two ends of an edge.

    >>> edge_ends(["Source", "Target", "Weight"]), edge_ends(["id", "to"])
    (('Source', 'Target'), None)
    """
    places = {_letters(name): name for name in reversed(header)}
    for source, target in _ENDS:
        if source in places and target in places:
            return places[source], places[target]
    return None


def weight_column(header: Sequence[str]) -> str | None:
    """The column with the weights of edges.

    >>> weight_column(["#source", "#target", "#weight"]), weight_column(["source", "weights"])
    ('#weight', None)
    """
    return next((name for name in header if _letters(name) == "weight"), None)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
