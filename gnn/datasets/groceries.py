"""Real shopping baskets: products, and how often they were bought together."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from gnn.datasets import download
from gnn.graphs.graph import Graph

_BASKETS = download.PublicFile(
    path="groceries.csv",
    source="stedy/Machine-Learning-with-R-datasets/"
    "9a8371e95098f3048c5540646b9fb96c7571b110/groceries.csv",
    sha256="ff1be892fd6b9b57d1a7bc50de067798963dda607619645988b21789bf23ae3b",
)
_LEVELS_SOURCE = "mhahsler/arules/c2cf57b682198c80194ae60673f8bf5123ac23dc/data_src/Groceries"
_CODES = download.PublicFile(
    path="Groceries.labels",
    source=f"{_LEVELS_SOURCE}/Groceries.labels",
    sha256="f3c3d5c682aeef4298b2f21a380e028eebb77fecb8a34418cc2fc42c3a977994",
)
# A level's code is the first digits of a product's.
_LEVELS = {
    "level1": (
        1,
        download.PublicFile(
            path="Groceries.cat1.labels",
            source=f"{_LEVELS_SOURCE}/Groceries.cat1.labels",
            sha256="110a177de48783f4933550cfc369c49110a7b0b58631859793405a3cbe2c7cc1",
        ),
    ),
    "level2": (
        2,
        download.PublicFile(
            path="Groceries.cat2.labels",
            source=f"{_LEVELS_SOURCE}/Groceries.cat2.labels",
            sha256="434d1afe18fd391fc9f325fea87eb6454706fc44bb72a8b789c15eea101a15e2",
        ),
    ),
}
_BAD_LINES_SHOWN = 5


def groceries(data_dir: str | os.PathLike[str] | None = None, labels: str | None = None) -> Graph:
    """Gives 169 products of a grocery, and a graph of which were bought together.

    The baskets are real: one month of purchases at a grocery outlet, 9,835 of them. A node is a
    product and its id the name. Two products are joined, in both directions, when a basket holds
    both, and the weight of the edge counts such baskets: 19,272 edges. `groceries_sessions` gives
    the baskets themselves.

    The feature is the name too, so that a node model can look it up and embed it
    (`keras.layers.StringLookup`, `keras.layers.Embedding`). There are no splits:
    `gnn.graphs.random_split` and `gnn.graphs.labels_per_class` make them.

    The file of the baskets has no classes. The R package arules, which published the data first,
    sorts the products in 10 categories (level 1) and these in 55 (level 2); `labels` asks for
    either, out of two further files of its repository.

    Source: Hahsler, Hornik and Reutterer, "Implications of Probabilistic Data Modeling for Mining
    Association Rules", 2006. The baskets come from
    https://github.com/stedy/Machine-Learning-with-R-datasets and the levels from
    https://github.com/mhahsler/arules; what the data folder lacks is downloaded (0.5 MB) and
    checked by its SHA-256.

    Args:
      data_dir: The data folder, which has the file `groceries.csv` or gets it: one basket a line,
        products separated by commas; and for labels `Groceries.labels` and
        `Groceries.cat1.labels` or `Groceries.cat2.labels`. By default the environment variable
        `GNN_DATA_DIR`, and where that is not set `~/.cache/gnn` (`gnn` in `XDG_CACHE_HOME`). Files
        that are there are taken as they are.
      labels: None for none, `"level1"` for the 10 categories, or `"level2"` for the 55.

    Returns:
      A graph with the string feature `"product"` `[num_nodes]`, products in order of first
      appearance; with `labels`, integer labels and their `class_names`.

    Raises:
      ValueError: If `labels` is something else, if a file is malformed, or if a download has
        another checksum. The message names the file and the lines.
      NotADirectoryError: If the data folder is a file.
      ConnectionError: If a file is missing and cannot be downloaded. The message names the file and
        its address, and says how to set the folder.
      OSError: If a download cannot be written, or the disk is full.

    >>> graph = groceries()  # doctest: +SKIP
    >>> graph.num_nodes, graph.num_edges  # doctest: +SKIP
    (169, 19272)
    """
    if labels is not None and labels not in _LEVELS:
        raise ValueError(f"labels must be None or one of {', '.join(_LEVELS)}; got {labels!r}")
    sessions = groceries_sessions(data_dir)
    products = list(dict.fromkeys(chain.from_iterable(sessions)))
    classes, class_names = None, None
    if labels is not None:
        digits, names = _LEVELS[labels]
        codes_path, names_path = download.local_files([_CODES, names], data_dir)
        classes, class_names = _read_levels(products, codes_path, names_path, digits)
    return Graph.from_sessions(
        sessions,
        {"product": np.array(products)},
        ids=products,
        labels=classes,
        class_names=class_names,
    )


def groceries_sessions(data_dir: str | os.PathLike[str] | None = None) -> list[list[str]]:
    """Gives the baskets that `groceries` counts: sessions in which products were bought together.

    Args:
      data_dir: As in `groceries`.

    Returns:
      For each basket its products, as ids of the nodes of `groceries`.

    Raises:
      ValueError: If a line is malformed: it must be UTF-8, and hold at least one product and no
        empty one. The message names the file and the lines. Or if a download has another checksum.
      NotADirectoryError: As in `groceries`.
      ConnectionError: As in `groceries`.
      OSError: As in `groceries`.

    >>> groceries_sessions()[1]  # doctest: +SKIP
    ['tropical fruit', 'yogurt', 'coffee']
    """
    (path,) = download.local_files([_BASKETS], data_dir)
    baskets, bad = [], []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            baskets.append(_read_basket(line))
        except (ValueError, csv.Error) as error:
            bad.append(f"line {number}: {error}")
    if bad:
        more = [f"and {len(bad) - _BAD_LINES_SHOWN} more"] if len(bad) > _BAD_LINES_SHOWN else []
        raise ValueError(
            f"{path} must hold a basket a line, products separated by commas; "
            f"{len(bad)} of {len(bad) + len(baskets)} lines do not: "
            + "; ".join(bad[:_BAD_LINES_SHOWN] + more)
        )
    if not baskets:
        raise ValueError(
            f"{path} must hold a basket a line, products separated by commas; got an empty file"
        )
    return baskets


def _read_basket(line: bytes) -> list[str]:
    # A quoted product may hold a comma. Two names of the published file end in a space.
    rows = list(csv.reader([line.decode("utf-8-sig")], strict=True))
    products = [product.strip() for product in rows[0]] if rows else []
    if not any(products):
        raise ValueError("no product")
    if not all(products):
        raise ValueError(f"product {products.index('') + 1} of {len(products)} is empty")
    return products


def _read_levels(
    products: Sequence[str], codes_path: Path, names_path: Path, digits: int
) -> tuple[list[int], list[str]]:
    """The class of each product, and the names of the classes."""
    categories = _read_table(names_path)
    numbers = {code: number for number, code in enumerate(categories)}
    codes = {name: code for code, name in _read_table(codes_path).items()}
    classes = []
    for product in products:
        if product not in codes:
            raise ValueError(
                f"{codes_path} must have every product of the baskets; it lacks {product!r}"
            )
        code = codes[product][:digits]
        if code not in numbers:
            raise ValueError(
                f"{names_path} must have the code {code!r} of {product!r}; it has {list(numbers)}"
            )
        classes.append(numbers[code])
    return classes, list(categories.values())


def _read_table(path: Path) -> dict[str, str]:
    """English names by code: code, name and German name a line, separated by tabs."""
    names = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            code, name, _ = line.decode().split("\t")
        except ValueError as error:
            raise ValueError(
                f"{path}, line {number} must be a code, a name and a German name, separated by "
                f"tabs, in UTF-8; got {line[:80]!r}"
            ) from error
        names[code] = name.strip()
    return names
