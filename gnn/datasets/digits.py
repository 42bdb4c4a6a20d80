"""Scikit-learn's handwritten digits, with search sessions simulated over them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnn.configs.arguments import check_count
from gnn.graphs.graph import Graph

_NUM_CLASSES = 10


def digits(
    labels_per_class: int = 5,
    num_sessions: int = 2000,
    clicks_per_session: int = 5,
    wrong_clicks: float = 0.1,
    similar_images: int = 20,
    num_validation: int = 200,
    num_test: int = 500,
    seed: int = 0,
) -> Graph:
    """Gives 1,797 images of digits, and a graph of which were clicked in the same search session.

    The images are real: scikit-learn's 8 by 8 handwritten digits (UCI "Optical Recognition of
    Handwritten Digits"). **The sessions are simulated**, by `digits_sessions`; nobody searched or
    clicked. Two images are joined, in both directions, when a session holds both, and the weight of
    the edge counts such sessions. With the defaults and seed 0 there are 30,130 edges; 74% of them,
    and 80% of their weight, join images of the same digit. The splits are:

    - `"validation"` and `"test"`: images drawn at random and kept out of all sessions, so that they
      have no edges: a model is judged on images that the graph does not know;
    - `"train"`: `labels_per_class` images of each digit, drawn from those that occur in sessions
      (with more labels, the same images and further ones);
    - `"rest"`: all other images, whose labels are to be left unused. A few may be in no session, by
      chance.

    Every image keeps its true label; which of them a method may see is what the splits say.

    Args:
      labels_per_class: Images of each digit in the train split.
      num_sessions: As in `digits_sessions`.
      clicks_per_session: As in `digits_sessions`.
      wrong_clicks: As in `digits_sessions`.
      similar_images: As in `digits_sessions`.
      num_validation: As in `digits_sessions`.
      num_test: As in `digits_sessions`.
      seed: As in `digits_sessions`.

    Returns:
      A graph with the float32 feature `"pixels"` `[1797, 64]` from 0 (paper) to 1 (ink), row by row
      of the image, and the integer labels 0 to 9.

    Raises:
      ValueError: If an argument is out of its range, or if fewer than `labels_per_class` images of
        a digit occur in sessions.

    >>> graph = digits(labels_per_class=5)
    >>> {name: len(nodes) for name, nodes in graph.splits.items()}
    {'train': 50, 'validation': 200, 'test': 500, 'rest': 1047}
    """
    check_count("labels_per_class", labels_per_class)
    sessions = digits_sessions(
        num_sessions,
        clicks_per_session,
        wrong_clicks,
        similar_images,
        num_validation,
        num_test,
        seed,
    )
    pixels, labels = _load_images()
    holdout_rng, _, label_rng = np.random.default_rng(seed).spawn(3)
    validation, test, shown = _split_images(holdout_rng, len(labels), num_validation, num_test)
    train = _pick_labeled(label_rng, labels, np.unique(sessions), labels_per_class)
    return Graph.from_sessions(
        sessions,
        {"pixels": pixels},
        labels=labels,
        splits={
            "train": train,
            "validation": validation,
            "test": test,
            "rest": np.setdiff1d(shown, train),
        },
    )


def digits_sessions(
    num_sessions: int = 2000,
    clicks_per_session: int = 5,
    wrong_clicks: float = 0.1,
    similar_images: int = 20,
    num_validation: int = 200,
    num_test: int = 500,
    seed: int = 0,
) -> list[list[int]]:
    """Simulates search sessions over scikit-learn's handwritten digits.

    A session is a query for one digit, drawn uniformly. It shows the `similar_images` images of
    that digit that are nearest, by Euclidean distance of the pixels, to one of them drawn at random
    (itself among them), and its clicks are on different ones of these. But each click goes astray
    with probability `wrong_clicks`, independently of the others, to an image of any other digit.
    So `wrong_clicks` is the expected share of wrong clicks, and two clicks of one session are on
    the same digit with a probability of a little over `(1 - wrong_clicks)**2`.

    Images of the validation and test splits of `digits` occur in no session. Which those are
    depends on `num_validation`, `num_test` and `seed` only.

    Args:
      num_sessions: Number of sessions.
      clicks_per_session: Number of clicks in each, all on different images; at least 2.
      wrong_clicks: Expected share of clicks on images of another digit, from 0 to below 1.
      similar_images: Number of images that a session shows; at least `clicks_per_session`. The
        fewer, the more sessions hold the same pairs.
      num_validation: Number of validation images.
      num_test: Number of test images.
      seed: Seed of all draws; the same one gives the same sessions.

    Returns:
      For each session the clicked images, as row numbers of `sklearn.datasets.load_digits`.

    Raises:
      ValueError: If an argument is out of its range. The message names it.

    >>> sessions = digits_sessions(num_sessions=2, clicks_per_session=3)
    >>> [len(session) for session in sessions]
    [3, 3]
    """
    check_count("num_sessions", num_sessions)
    check_count("clicks_per_session", clicks_per_session, 2)
    if not 0 <= wrong_clicks < 1:
        raise ValueError(f"wrong_clicks must be at least 0 and below 1; got {wrong_clicks}")
    pixels, labels = _load_images()
    holdout_rng, rng, _ = np.random.default_rng(seed).spawn(3)
    *_, shown = _split_images(holdout_rng, len(labels), num_validation, num_test)
    by_class = [shown[labels[shown] == digit] for digit in range(_NUM_CLASSES)]
    others = [shown[labels[shown] != digit] for digit in range(_NUM_CLASSES)]
    fewest = min(len(images) for images in by_class)
    if not clicks_per_session <= similar_images <= fewest:
        raise ValueError(
            "similar_images must be at least clicks_per_session and at most the images of every"
            f" digit that are not held out, here {clicks_per_session} and {fewest}; got"
            f" {similar_images}"
        )
    nearest = [_nearest_images(pixels, images, similar_images) for images in by_class]

    sessions = []
    for digit in rng.integers(_NUM_CLASSES, size=num_sessions):
        similar = nearest[digit][rng.integers(len(nearest[digit]))]
        right = rng.choice(similar, clicks_per_session, replace=False)
        wrong = rng.choice(others[digit], clicks_per_session, replace=False)
        astray = rng.random(clicks_per_session) < wrong_clicks
        sessions.append(np.where(astray, wrong, right).tolist())
    return sessions


def _load_images() -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    # Imported here because scikit-learn takes a second, and no other data set needs it.
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return (pixels / 16).astype(np.float32), labels.astype(np.int32)


def _split_images(
    rng: np.random.Generator, num_images: int, num_validation: int, num_test: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draws the validation and test images; the others are those that sessions may show."""
    for name, size in (("num_validation", num_validation), ("num_test", num_test)):
        check_count(name, size, 0)
    if num_validation + num_test >= num_images:
        raise ValueError(
            f"num_validation + num_test must be below the {num_images} images; got"
            f" {num_validation} + {num_test}"
        )
    order = rng.permutation(num_images)
    validation, test, shown = np.split(order, [num_validation, num_validation + num_test])
    return np.sort(validation), np.sort(test), np.sort(shown)


def _nearest_images(
    pixels: NDArray[np.float32], images: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Finds for each image the `count` nearest of `images`, itself first."""
    points = pixels[images].astype(np.float64)
    squares = (points**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * points @ points.T
    return images[np.argsort(distances, axis=1, kind="stable")[:, :count]]


def _pick_labeled(
    rng: np.random.Generator, labels: NDArray[np.int32], clicked: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Draws `count` clicked images of each class."""
    picked = []
    for digit in range(_NUM_CLASSES):
        images = clicked[labels[clicked] == digit]
        if len(images) < count:
            raise ValueError(
                f"labels_per_class must be at most the {len(images)} images of digit {digit} that"
                f" occur in sessions; got {count}"
            )
        picked.append(rng.permutation(images)[:count])
    return np.sort(np.concatenate(picked))
