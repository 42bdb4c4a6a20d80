"""Which classes are taken for which."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from gnn.evaluation.answers import as_classes


def confusion_matrix(labels: Any, predictions: Any, num_classes: int) -> sparse.csr_array:
    """Counts how many nodes of each class were given each class.

    Args:
        labels: integers `[n]`, the true classes.
        predictions: integers `[n]`, the classes given.
        num_classes: how many classes there are.

    Returns:
        int64 `[num_classes, num_classes]`: row a, column b is the number of nodes of class a that
        were given b. It is sparse, at most n entries, for there may be very many classes.

    Raises:
        TypeError: classes are no integers.
        ValueError: there are no nodes, not equally many of both, or a class is out of range.

    Example:

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], num_classes=2).toarray().tolist()
    [[1, 1], [0, 1]]
    """
    labels = as_classes("labels", labels, num_classes)
    predictions = as_classes("predictions", predictions, num_classes, len(labels))
    ones = np.ones(len(labels), np.int64)
    # Equal places are added up.
    return sparse.coo_array((ones, (labels, predictions)), (num_classes, num_classes)).tocsr()


def most_confused(matrix: Any, count: int = 10) -> list[tuple[int, int, int]]:
    """The pairs of classes that are confused most often.

    Args:
        matrix: as `confusion_matrix` returns it.
        count: at most so many.

    Returns:
        The true class, the class given and the number of nodes of each, most first; of equally many
        the lower classes first.

    Example:

    >>> most_confused(confusion_matrix([0, 0, 1, 1], [1, 1, 0, 1], 2))
    [(0, 1, 2), (1, 0, 1)]
    """
    cells = sparse.coo_array(matrix)
    rows, columns = cells.coords
    wrong = (rows != columns) & (cells.data > 0)
    rows, columns, numbers = rows[wrong], columns[wrong], cells.data[wrong]
    order = np.lexsort((columns, rows, -numbers))[:count]
    return [(int(rows[i]), int(columns[i]), int(numbers[i])) for i in order]
