"""Each type of column by hand: what is learned of the training cells, and what new cells become."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.models.columns import text_columns
from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.models.columns.date_columns import civil_dates, days_since_1970
from gnn.models.columns.encoded_column import raw_blocks
from gnn.models.columns.raw_texts import stripped
from gnn.models.columns.standardizing import Moments
from gnn.tables.typed_table import Texts, TypedTable

NAN = math.nan


def table_of(kind: Any, cells: Any) -> TypedTable:
    """A table of one column, "c"."""
    encoder = ColumnEncoder({"c": kind})
    held = Texts.of(cells) if isinstance(cells, list) else np.asarray(cells, np.float32)
    return TypedTable(encoder.schema, {"c": held}, len(cells))


def adapted(kind: Any, cells: Any, **options: Any) -> ColumnEncoder:
    encoder = ColumnEncoder({"c": kind}, **options)
    encoder.adapt(table_of(kind, cells))
    return encoder


def features(encoder: ColumnEncoder, cells: Any) -> np.ndarray:
    """The features of new cells, which a call on raw tensors gives as well."""
    kind = encoder.schema.columns["c"]
    found = encoder.encode(table_of(kind, cells))["columns"]
    raw = tf.constant(cells if isinstance(cells, list) else np.asarray(cells, np.float32))
    np.testing.assert_allclose(encoder({"c": raw})["columns"], found, atol=1e-6)
    return found


def names(encoder: ColumnEncoder) -> list[str]:
    return encoder.feature_names["columns"]


def test_number() -> None:
    encoder = adapted("number", np.array([1.0, 3.0, NAN]))
    # Mean 2, variance 1; a gap and what is infinite take the mean, and are flagged.
    assert names(encoder) == ["c", "c is missing"]
    found = features(encoder, np.array([5.0, NAN, np.inf]))
    assert found.tolist() == [[3.0, 0.0], [0.0, 1.0], [0.0, 1.0]]


def test_no_flag_where_training_rows_had_no_gap() -> None:
    encoder = adapted("number", np.array([1.0, 3.0]))
    assert names(encoder) == ["c"]
    assert features(encoder, np.array([NAN, 2.0, 1e30])).tolist() == [[0.0], [0.0], [1e4]]


def test_constant_column_is_shifted_and_not_scaled() -> None:
    assert features(adapted("number", np.full(3, 7.0)), np.array([7.0, 9.0])).tolist() == [[0], [2]]
    empty = adapted("number", np.full(2, NAN))
    assert features(empty, np.array([NAN, 3.0])).tolist() == [[0.0, 1.0], [3.0, 0.0]]


def test_moments_in_parts_are_those_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random((90, 2)) < 0.2, NAN, rng.normal(1e4, 3.0, (90, 2)))
    rows = rng.integers(1, 5, 90)
    parts = [(values[k : k + 40], rows[k : k + 40]) for k in (0, 40, 80)]
    found, each = Moments.of(parts), np.repeat(values, rows, axis=0)
    np.testing.assert_allclose(found.mean, np.nanmean(each, axis=0))
    np.testing.assert_allclose(found.variance, np.nanvar(each, axis=0))
    np.testing.assert_array_equal(found.smallest, np.nanmin(each, axis=0))
    np.testing.assert_array_equal(found.largest, np.nanmax(each, axis=0))
    assert found.gaps == pytest.approx(np.isnan(each).any(axis=1).mean())


def test_vector() -> None:
    encoder = adapted("vector", np.array([[0.0, 10.0], [2.0, 10.0], [NAN, NAN]]))
    assert names(encoder) == ["c 0", "c 1", "c is missing"]
    # A number that is missing makes a gap of its vector, as it does in a file.
    found = features(encoder, np.array([[3.0, 12.0], [NAN, NAN], [NAN, 12.0], [3.0, np.inf]]))
    assert found.tolist() == [[2.0, 2.0, 0.0], *[[0.0, 0.0, 1.0]] * 3]


def test_boolean() -> None:
    encoder = adapted("boolean", ["yes", "NO", "maybe"])  # Mean 1/2, deviation 1/2.
    assert names(encoder) == ["c", "c is missing"]
    found = features(encoder, ["True", " 0 ", "y", "off", "", "NA", "2"])
    assert found.tolist() == [[1, 0], [-1, 0], [1, 0], [-1, 0], [0, 1], [0, 1], [0, 1]]


def test_category() -> None:
    encoder = adapted("category", ["b", "a", "b", "a", "a", "once", "", "NA"])
    assert names(encoder) == ["c = another", "c is missing", "c = 'a'", "c = 'b'"]
    found = features(encoder, [" a\n", "b", "once", "new", "null", "A"])
    another, missing, a, b = np.eye(4).tolist()
    assert found.tolist() == [a, b, another, another, missing, another]


def test_classes_that_no_training_row_had_are_not_there() -> None:
    encoder = adapted("category", ["a", "a", "b", "b"])
    assert names(encoder) == ["c = 'a'", "c = 'b'"]
    assert features(encoder, ["", "new", "b"]).tolist() == [[0, 0], [0, 0], [0, 1]]
    with_another = adapted("category", ["a", "a", "once"])
    assert names(with_another) == ["c = another", "c = 'a'"]
    assert features(with_another, [""]).tolist() == [[1, 0]]  # As what is unseen.


def test_most_frequent_categories() -> None:
    cells = ["a"] * 2 + ["b"] * 4 + ["c"] * 3 + ["[UNK]"] * 5
    encoder = adapted("category", cells, max_categories=2)
    assert names(encoder) == ["c = another", "c = '[UNK]'", "c = 'b'"]
    assert features(encoder, ["[UNK]", "c"]).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_blanks_are_those_of_python() -> None:
    """A reader strips by Python, a served model by RE2."""
    blanks = [chr(code) for code in range(0x10000) if chr(code).isspace()]
    assert len(blanks) > 25 and "\x85" in blanks
    texts = [f"{blank}tea{blank}" for blank in blanks]
    assert set(stripped(tf.constant(texts), frozenset()).numpy().tolist()) == {b"tea"}


def test_own_spellings_of_a_gap() -> None:
    encoder = adapted("category", ["NA", "NA", "?"], na_values=["?"])
    assert names(encoder) == ["c is missing", "c = 'NA'"]
    assert features(encoder, ["NA", "?", ""]).tolist() == [[0, 1], [1, 0], [1, 0]]


def test_multi_category() -> None:
    encoder = adapted("multi-category:|", ["x|y", "y | x|x", "x||NA", "", "|", "z"])
    assert names(encoder) == ["c has another", "c is missing", "c has 'x'", "c has 'y'"]
    found = features(encoder, ["y|x|x", "z|x", "NA", "w"])
    assert found.tolist() == [[0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]]


def test_text() -> None:
    encoder = adapted("text", ["Red, small", "red;RED", "Über-groß", "über small once", ""])
    assert names(encoder) == ["c is missing", "c: red", "c: small", "c: über"]
    # Each word is in 2 of 5 texts: equal weights, which a length of 1 takes away.
    half = math.sqrt(0.5)
    found = features(encoder, ["SMALL red!", "ÜBER", "never once", "NA", "red red small"])
    np.testing.assert_allclose(
        found,
        [
            [0, half, half, 0],
            [0, 0, 0, 1],
            [0, 0, 0, 0],
            [1, 0, 0, 0],
            [0, 2 / math.sqrt(5), 1 / math.sqrt(5), 0],
        ],
        atol=1e-6,
    )


def test_words_weigh_by_the_inverse_of_their_frequency() -> None:
    encoder = adapted("text", ["tea cup", "tea", "tea cup"], max_tokens=2)
    assert names(encoder) == ["c: tea", "c: cup"]
    tea, cup = math.log(1 + 3 / 4), math.log(1 + 3 / 3)
    length = math.hypot(tea, cup)
    np.testing.assert_allclose(
        features(encoder, ["cup tea"]), [[tea / length, cup / length]], atol=1e-6
    )
    assert names(adapted("text", ["tea cup", "tea", "tea cup"], max_tokens=1)) == ["c: tea"]


def test_many_words_that_occur_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_columns, "MOST_WORDS", 3)
    monkeypatch.setattr("gnn.models.columns.encoded_column.BLOCK", 2)
    encoder = adapted("text", ["tea a", "tea b", "tea c", "tea d", "e f"])
    assert names(encoder) == ["c: tea"]


DATES = ["1970-01-01", "2024-02-29", "1900-03-01", "2000-12-31", "1969-07-20", "0001-01-01"]


def test_dates_are_those_of_the_calendar() -> None:
    texts = [*DATES, "9999-12-31", "2024-02-29 10", "2024/02/29", "2024-02-29T23:59:59.5+02:00"]
    year, month, day = civil_dates(tf.constant(texts))
    days = days_since_1970(year, month, day).numpy().tolist()
    expected = [datetime.date.fromisoformat(text[:10].replace("/", "-")) for text in texts]
    assert days == [(date - datetime.date(1970, 1, 1)).days for date in expected]
    short = civil_dates(tf.constant(["2024/2/9", "2024/12/31 10:30"]))
    assert [part.numpy().tolist() for part in short] == [[2024, 2024], [2, 12], [9, 31]]
    odd = ["2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "2024-1-1", "x"]
    odd += [
        "0000-01-01",
        "2024-02-29 tomorrow",
        "2024",
        "",
        "2024-02-290",
        "20240229",
        "2024-02-29T24:00",
    ]
    assert civil_dates(tf.constant(odd))[1].numpy().tolist() == [0] * len(odd)


def test_date() -> None:
    encoder = adapted("date", ["2024-01-01", "2024-01-03", "soon"])
    circles = ["sine of the year", "cosine of the year", "sine of the week", "cosine of the week"]
    assert names(encoder) == [*(f"c: {part}" for part in ("days", *circles)), "c is missing"]
    found = features(encoder, [*DATES, "2023-02-29"])
    first = datetime.date(2024, 1, 1)
    for row, text in zip(found, DATES, strict=False):
        date = datetime.date.fromisoformat(text)
        length = (datetime.date(date.year + 1, 1, 1) - datetime.date(date.year, 1, 1)).days
        year = 2 * math.pi * (date.timetuple().tm_yday - 1) / length
        week = 2 * math.pi * date.weekday() / 7
        # Mean the 2nd of January, deviation one day; far from it numbers are cut off.
        day = max((date - first).days - 1, -10_000)
        expected = [day, math.sin(year), math.cos(year), math.sin(week), math.cos(week), 0]
        np.testing.assert_allclose(row, expected, rtol=1e-6, atol=1e-6)
    assert found[-1].tolist() == [0, 0, 0, 0, 0, 1]


def test_blocks_of_text_are_bounded_in_cells_and_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gnn.models.columns.encoded_column.BLOCK", 3)
    monkeypatch.setattr("gnn.models.columns.encoded_column.CHARACTERS", 5)
    texts = ["a", "b", "c", "d", "long text", "ef", "ghi", "jk"]
    blocks = [
        (block.numpy().tolist(), rows.tolist()) for block, rows in raw_blocks(Texts.of(texts))
    ]
    assert [[text.decode() for text in block] for block, _ in blocks] == [
        ["a", "b", "c"],
        ["d"],
        ["long text"],
        ["ef", "ghi"],
        ["jk"],
    ]
    assert [rows for _, rows in blocks] == [[1, 1, 1], [1], [1], [1, 1], [1]]
    assert not list(raw_blocks(Texts.of([])))


def test_tokens_of_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of texts and rows come together in their order, sparse as dense."""
    monkeypatch.setattr("gnn.models.columns.encoded_column.BLOCK", 3)
    monkeypatch.setattr("gnn.models.columns.encoded_column.CHARACTERS", 29)  # Two or three texts.
    monkeypatch.setattr("gnn.models.columns.encoding.BLOCK", 3)
    cells = [f"word{k % 5} word{k % 3} {k}" for k in range(20)] + ["", "word1"]
    dense, apart = adapted("text", cells), adapted("text", cells, dense_width=0)
    found = apart.encode(table_of("text", cells))
    assert sorted(found) == ["columns", "tokens"]
    both = np.hstack([found["columns"], found["tokens"].toarray()])
    np.testing.assert_array_equal(both, features(dense, cells))
    numbers = np.arange(10.0)
    np.testing.assert_allclose(
        features(adapted("number", numbers), numbers)[:, 0],
        (numbers - 4.5) / numbers.std(),
        rtol=1e-6,
    )
    assert apart.encode(table_of("text", []))["tokens"].shape == (0, 5)
