"""The digits: real images, simulated sessions, and splits that keep both apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gnn.datasets import digits, digits_sessions

LABELS = load_digits().target


@pytest.fixture(scope="module")
def graph() -> Any:
    return digits()


@pytest.fixture(scope="module")
def sessions() -> list[list[int]]:
    return digits_sessions()


def test_images(graph: Any) -> None:
    pixels = graph.features["pixels"]
    assert pixels.dtype == np.float32
    # The images have 17 shades, 0 to 16, and 16 is a power of two: exact.
    np.testing.assert_array_equal(pixels * 16, load_digits().data)
    assert graph.labels.tolist() == LABELS.tolist()
    assert graph.num_nodes == 1797


def test_splits_are_disjoint_and_complete(graph: Any) -> None:
    sizes = {name: len(nodes) for name, nodes in graph.splits.items()}
    assert sizes == {"train": 50, "validation": 200, "test": 500, "rest": 1047}
    assert sorted(np.concatenate(list(graph.splits.values()))) == list(range(1797))
    assert np.bincount(graph.labels[graph.splits["train"]]).tolist() == [5] * 10


def test_held_out_images_are_in_no_session(graph: Any, sessions: list[list[int]]) -> None:
    clicked = np.unique(sessions)
    for name in ("validation", "test"):
        assert not np.isin(graph.splits[name], clicked).any()
        assert not np.isin(graph.splits[name], graph.receivers).any()
        # Drawn from all digits, so that every one is judged.
        assert len(np.unique(graph.labels[graph.splits[name]])) == 10
    assert np.isin(graph.splits["train"], clicked).all()
    assert np.isin(clicked, np.concatenate([graph.splits["train"], graph.splits["rest"]])).all()


def test_edges_count_the_sessions_of_a_pair() -> None:
    options: dict[str, Any] = {"num_sessions": 40, "clicks_per_session": 3, "wrong_clicks": 0.3}
    expected: dict[tuple[int, int], int] = {}
    for session in digits_sessions(**options):
        for sender in session:
            for receiver in session:
                if sender != receiver:
                    expected[sender, receiver] = expected.get((sender, receiver), 0) + 1
    graph = digits(labels_per_class=1, **options)
    edges = zip(graph.senders.tolist(), graph.receivers.tolist(), strict=True)
    assert dict(zip(edges, graph.weights.tolist(), strict=True)) == expected


@pytest.mark.parametrize(("count", "clicks"), [(2000, 5), (7, 2), (50, 20)])
def test_sessions_hold_different_images(count: int, clicks: int) -> None:
    sessions = digits_sessions(count, clicks)
    assert len(sessions) == count
    assert all(len(set(session)) == len(session) == clicks for session in sessions)
    assert all(type(image) is int for session in sessions for image in session)


def test_no_wrong_clicks() -> None:
    labels = LABELS[digits_sessions(wrong_clicks=0)]
    assert (labels == labels[:, :1]).all()
    # All ten digits are searched for about equally often: 200 times, standard deviation 13.4.
    searches = np.bincount(labels[:, 0])
    assert searches.min() > 140
    assert searches.max() < 260


def test_clicks_are_on_similar_images() -> None:
    pixels = load_digits().data
    sessions = digits_sessions(300, 3, wrong_clicks=0, similar_images=8)
    validation, test = (digits(labels_per_class=1).splits[name] for name in ("validation", "test"))
    shown = np.setdiff1d(np.arange(1797), np.concatenate([validation, test]))
    for session in sessions:
        same = shown[LABELS[shown] == LABELS[session[0]]]
        # Brute force: some image of the digit has all the clicks among its eight nearest.
        distances = ((pixels[same, None] - pixels[None, same]) ** 2).sum(axis=2)
        eighth = np.sort(distances, axis=1)[:, 7]
        places = np.searchsorted(same, session)
        assert (distances[:, places] <= eighth[:, None]).all(axis=1).any()


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_share_of_wrong_clicks(share: float) -> None:
    # With 11 clicks a session, of which fewer than half are wrong, the digit searched for is the
    # most frequent one (at 0.3, more than 5 of 11 are wrong in 8% of the sessions, but then on
    # nine different digits).
    labels = LABELS[digits_sessions(4000, 11, share)]
    counts = np.stack([(labels == digit).sum(axis=1) for digit in range(10)], axis=1)
    wrong = 1 - counts.max(axis=1).mean() / 11
    # The standard deviation of the share over 44,000 clicks is below 0.0022.
    assert wrong == pytest.approx(share, abs=0.008)


def test_weight_between_the_same_digit(graph: Any) -> None:
    same = graph.labels[graph.senders] == graph.labels[graph.receivers]
    # Two clicks are both right with probability 0.9^2, and both wrong on one digit with about
    # 0.1^2 / 9: 0.811. Over 20,000 pairs, ten a session, that is good to about 0.005.
    assert graph.weights[same].sum() / graph.weights.sum() == pytest.approx(0.811, abs=0.02)
    # As the docstring says for the edges without weights.
    assert graph.num_edges == 30130
    assert same.mean() == pytest.approx(0.74, abs=0.005)


def test_seed_decides(graph: Any, sessions: list[list[int]]) -> None:
    assert digits_sessions(seed=0) == sessions
    assert digits_sessions(seed=1) != sessions
    again, other = digits(seed=0), digits(seed=1)
    np.testing.assert_array_equal(again.senders, graph.senders)
    np.testing.assert_array_equal(again.weights, graph.weights)
    for name, nodes in graph.splits.items():
        np.testing.assert_array_equal(again.splits[name], nodes)
        assert not np.array_equal(other.splits[name], nodes)


def test_global_random_state_is_left_alone(graph: Any) -> None:
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    digits()
    assert np.random.random() == expected


def test_held_out_images_do_not_depend_on_the_sessions(graph: Any) -> None:
    other = digits(labels_per_class=7, num_sessions=3000, wrong_clicks=0.2)
    for name in ("validation", "test"):
        np.testing.assert_array_equal(other.splits[name], graph.splits[name])


def test_more_labels_are_the_same_and_further_ones(graph: Any) -> None:
    more = digits(labels_per_class=20)
    assert len(more.splits["train"]) == 200
    assert np.isin(graph.splits["train"], more.splits["train"]).all()


def test_no_images_held_out() -> None:
    graph = digits(num_validation=0, num_test=0)
    assert len(graph.splits["validation"]) == len(graph.splits["test"]) == 0
    assert len(graph.splits["train"]) + len(graph.splits["rest"]) == 1797


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels_per_class": 0}, "labels_per_class must be at least 1, got 0"),
        ({"labels_per_class": 150}, "labels_per_class must be at most .* got 150"),
        ({"num_sessions": 0}, "num_sessions must be at least 1, got 0"),
        ({"clicks_per_session": 1}, "clicks_per_session must be at least 2, got 1"),
        ({"clicks_per_session": 21}, "similar_images must be .* 21 and .* got 20"),
        ({"similar_images": 4}, "similar_images must be .* 5 and .* got 4"),
        ({"similar_images": 170}, "similar_images must be .* got 170"),
        ({"wrong_clicks": 1}, "wrong_clicks must be at least 0 and below 1; got 1"),
        ({"wrong_clicks": -0.1}, "wrong_clicks must be .* got -0.1"),
        ({"wrong_clicks": float("nan")}, "wrong_clicks must be .* got nan"),
        ({"num_validation": -1}, "num_validation must be at least 0, got -1"),
        ({"num_test": -1}, "num_test must be at least 0, got -1"),
        ({"num_test": 1597}, r"num_validation \+ num_test must be below .* got 200 \+ 1597"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        digits(**arguments)
    if "labels_per_class" not in arguments:
        with pytest.raises(ValueError, match=message):
            digits_sessions(**arguments)


def test_too_few_sessions_for_the_labels() -> None:
    with pytest.raises(ValueError, match="labels_per_class must be at most the 0 images of digit"):
        digits(num_sessions=1)
