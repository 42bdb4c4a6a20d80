"""What the reader of pickles admits, and that nothing else runs."""

from __future__ import annotations

import builtins
import functools
import os
import pickle
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from gnn.datasets._safe_pickle import read_adjacency, read_array, read_csr

READERS: list[Callable[[Path], Any]] = [read_array, read_csr, read_adjacency]

# The int32 array [1, 2] as Python 2 and NumPy 1 wrote it: text for bytes, and the old module names.
PYTHON_2_ARRAY = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02i4K\x00K\x01\x87R"
    b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    b"\x89U\x08\x01\x00\x00\x00\x02\x00\x00\x00tb."
)
# The dictionary {0: [1, 2]} with a default of list, likewise.
PYTHON_2_ADJACENCY = (
    b"\x80\x02ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RK\x00](K\x01K\x02es."
)


class Calls:
    """Pickles to a call of `function`, with `state` for what it returns."""

    def __init__(self, function: Any, *arguments: Any, state: Any = None) -> None:
        self.reduced = (function, arguments, state)

    def __reduce__(self) -> Any:
        return self.reduced


def write(folder: Path, content: Any, protocol: int = 2) -> Path:
    path = folder / "file.pickle"
    is_raw = isinstance(content, bytes)
    path.write_bytes(content if is_raw else pickle.dumps(content, protocol))
    return path


def dtype(code: str = "f4", order: str = "<") -> Calls:
    return Calls(np.dtype, code, False, True, state=(3, order, None, None, None, -1, -1, 0))


def array(shape: Any, kind: Any, data: Any, fortran: bool = False) -> Calls:
    # NumPy's own function under the name that the running NumPy gives it.
    reconstruct = np.zeros(1).__reduce__()[0]
    return Calls(reconstruct, np.ndarray, (0,), b"b", state=(1, shape, kind, fortran, data))


@pytest.fixture(autouse=True)
def no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_python_2_array(tmp_path: Path) -> None:
    values = read_array(write(tmp_path, PYTHON_2_ARRAY))
    assert values.tolist() == [1, 2]
    assert values.dtype == np.int32


def test_python_2_adjacency(tmp_path: Path) -> None:
    adjacency = read_adjacency(write(tmp_path, PYTHON_2_ADJACENCY))
    assert adjacency == {0: [1, 2]}
    assert type(adjacency) is dict


@pytest.mark.parametrize("code", ["?", "i1", "u1", "<i2", ">i4", "i8", "f2", ">f4", "f8"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(2, 3), (6,), (0, 4), ()])
def test_arrays_of_today(tmp_path: Path, code: str, order: Any, shape: Any) -> None:
    size = int(np.prod(shape))
    expected = np.asarray(np.arange(size).reshape(shape).astype(code), order=order)
    values = read_array(write(tmp_path, expected))
    np.testing.assert_array_equal(values, expected)
    assert values.dtype == expected.dtype.newbyteorder("=")


def test_sparse_matrix_of_today(tmp_path: Path) -> None:
    expected = sp.csr_matrix(np.array([[0, 1.5, 0], [0, 0, 0], [2, 0, 3]], np.float32))
    matrix = read_csr(write(tmp_path, expected))
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix.toarray(), expected.toarray())


@pytest.mark.parametrize("part", ["x", "y", "tx", "ty", "allx", "ally", "graph"])
@pytest.mark.parametrize("name", ["cora", "citeseer"])
def test_same_as_the_ordinary_unpickler(data_dir: Path, name: str, part: str) -> None:
    path = data_dir / "planetoid" / f"ind.{name}.{part}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The ordinary one warns of SciPy's old module names.
        expected = pickle.loads(path.read_bytes(), encoding="latin1")
    if part == "graph":
        assert read_adjacency(path) == dict(expected)
    elif part.endswith("x"):
        matrix = read_csr(path)
        assert matrix.shape == expected.shape
        assert matrix.dtype == expected.dtype
        assert (matrix != sp.csr_array(expected)).nnz == 0
    else:
        values = read_array(path)
        assert values.dtype == expected.dtype
        np.testing.assert_array_equal(values, expected)


HOSTILE: dict[str, Callable[[str], Any]] = {
    "posix.system": lambda command: Calls(os.system, command),
    "os.popen": lambda command: Calls(os.popen, command),
    "__builtin__.eval": lambda command: Calls(eval, f"__import__('os').system({command!r})"),
    "__builtin__.exec": lambda command: Calls(exec, f"import os; os.system({command!r})"),
    "__builtin__.__import__": lambda command: Calls(builtins.__import__, "os"),
    "__builtin__.getattr": lambda command: Calls(getattr, list, "append"),
    "functools.partial": lambda command: Calls(functools.partial, os.system, command),
}


def hide(call: Any, place: str) -> Any:
    """Puts a call where a file of the right form has something harmless."""
    if place == "alone":
        return call
    if place == "neighbors":
        return {0: [1, call]}
    if place == "dtype":
        return array((1,), call, b"")
    if place == "data":
        return array((1,), dtype(), call)
    numbers = array((2,), dtype("i4"), bytes(8))
    return Calls(
        sp.csr_matrix,
        state={"_shape": (1, 1), "data": numbers, "indices": numbers, "indptr": call},
    )


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("place", ["alone", "neighbors", "dtype", "data", "indptr"])
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_hostile_pickle_runs(
    tmp_path: Path, reader: Callable[[Path], Any], place: str, name: str
) -> None:
    marker = tmp_path / "ran"
    path = write(tmp_path, hide(HOSTILE[name](f"touch {marker}"), place))
    with pytest.raises(ValueError, match=rf"file\.pickle.*{name}.*refused"):
        reader(path)
    assert not marker.exists()


def test_the_hostile_pickles_are_hostile(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    pickle.loads(pickle.dumps(hide(HOSTILE["posix.system"](f"touch {marker}"), "neighbors"), 2))
    assert marker.exists()


@pytest.mark.parametrize("protocol", range(6))
def test_elements_of_an_object_array_do_not_run(tmp_path: Path, protocol: int) -> None:
    marker = tmp_path / "ran"
    values = np.array([Calls(os.system, f"touch {marker}")], object)
    with pytest.raises(ValueError, match=r"file\.pickle"):
        read_array(write(tmp_path, values, protocol))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        # What the admitted names could be turned to by attribute, registry or persistent id.
        (b"\x80\x04\x8c\x08builtins\x8c\x13list.__subclasses__\x93.", "list.__subclasses__"),
        (b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.", "numpy.ndarray.tofile"),
        (b"(iposix\nsystem\n.", "posix.system"),
        (b"(cposix\nsystem\no.", "posix.system"),
        (b"\x80\x02\x82\x01.", "extension code 1"),
        (b"Pname\n.", "persistent id"),
        (b"\x80\x02c_codecs\nencode\nU\x01aU\x03hex\x86R.", "latin1"),
        # State put on a class: {} as its attributes, and (None, {"build": list}) as its slots.
        *(
            (b"\x80\x02" + name + state + b"b.", "")
            for name in (
                b"cnumpy\ndtype\n",
                b"cnumpy\nndarray\n",
                b"cscipy.sparse.csr\ncsr_matrix\n",
                b"c_codecs\nencode\n",
                b"c__builtin__\nlist\n",
                b"ccollections\ndefaultdict\n",
            )
            for state in (b"}U\x05buildK\x01s", b"N}U\x05buildc__builtin__\nlist\ns\x86")
        ),
        # Few bytes that ask for gigabytes, of memo and of buffer.
        (b"\x80\x02]r\xff\xff\xff\x7f.", "memoizes"),
        (b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00.", "bytearray8"),
        (b"", "is damaged"),
        (b"Not a pickle", "is damaged"),
    ],
)
def test_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    for reader in READERS:
        with pytest.raises(ValueError, match=r"file\.pickle.*" + reason):
            reader(write(tmp_path, content))
    # What was refused has changed nothing for the files that follow.
    assert read_array(write(tmp_path, PYTHON_2_ARRAY)).tolist() == [1, 2]
    assert read_adjacency(write(tmp_path, PYTHON_2_ADJACENCY)) == {0: [1, 2]}
    np.testing.assert_array_equal(read_csr(write(tmp_path, sp.csr_matrix([[7]]))).toarray(), [[7]])


@pytest.mark.parametrize("reader", READERS)
def test_nested_tuples_do_not_exhaust_the_stack(
    tmp_path: Path, reader: Callable[[Path], Any]
) -> None:
    key = b"N" + b"\x85" * 1_000_000
    with pytest.raises(ValueError, match=r"file\.pickle.*tuples"):
        reader(write(tmp_path, b"\x80\x02}" + key + b"Ns."))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (array((3,), dtype(), bytes(8)), "8 bytes do not fill float32"),
        (array((10**12,), dtype(), b""), "0 bytes do not fill"),
        (array((-1,), dtype(), b""), "shape"),
        (array((2.0,), dtype(), bytes(8)), "shape"),
        (array((True,), dtype(), bytes(4)), "shape"),
        (array([2], dtype(), bytes(8)), "shape"),
        (array((2,), None, bytes(8)), "dtype or data"),
        (array((2,), "f4", bytes(8)), "dtype or data"),
        (array((2,), dtype(), [1.0, 2.0]), "dtype or data"),
        (array((1,), dtype("O8", "|"), [None]), "dtype 'O8'"),
        (array((1,), dtype("V8", "|"), bytes(8)), "dtype 'V8'"),
        (array((1,), dtype("S8", "|"), bytes(8)), "dtype 'S8'"),
        (array((1,), dtype("f4,f4", "|"), bytes(8)), "dtype 'f4,f4'"),
        (array((1,), dtype("f4", ">f4,"), bytes(4)), "byte order"),
        (Calls(np.zeros(1).__reduce__()[0], np.ndarray, (0,), b"b"), "no shape"),
        (Calls(np.zeros(1).__reduce__()[0], np.ndarray, (0,), b"b", state=(1, 2)), "no shape"),
        ({}, "does not hold an array"),
        (sp.csr_matrix([[1.0]]), "does not hold an array"),
        ([1.0], "does not hold an array"),
        (None, "does not hold an array"),
    ],
)
def test_wrong_arrays(tmp_path: Path, content: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=rf"file\.pickle.*{reason}"):
        read_array(write(tmp_path, content))


def csr_state(**changes: Any) -> dict[str, Any]:
    """The state of the matrix [[5, 0], [0, 6]]."""
    state: dict[str, Any] = {
        "_shape": (2, 2),
        "data": np.array([5.0, 6.0]),
        "indices": np.array([0, 1], np.int32),
        "indptr": np.array([0, 1, 2], np.int32),
    }
    return {key: value for key, value in {**state, **changes}.items() if value is not None}


def test_csr_from_its_state(tmp_path: Path) -> None:
    matrix = read_csr(write(tmp_path, Calls(sp.csr_matrix, state=csr_state())))
    assert matrix.toarray().tolist() == [[5, 0], [0, 6]]


@pytest.mark.parametrize(
    "state",
    [
        None,
        (1, 2),
        (None, {"state": 1}),
        csr_state(_shape=None),
        csr_state(_shape=(2,)),
        csr_state(_shape=(2, -2)),
        csr_state(_shape=("2", "2")),
        csr_state(_shape=(3, 2)),
        csr_state(data=None),
        csr_state(data=[5.0, 6.0]),
        csr_state(data=np.array([5.0])),
        csr_state(data=np.array([[5.0, 6.0]])),
        csr_state(indices=None),
        csr_state(indices=np.array([0, 2], np.int32)),
        csr_state(indices=np.array([-1, 1], np.int32)),
        csr_state(indices=np.array([0.0, 1.0])),
        csr_state(indptr=None),
        csr_state(indptr=np.array([0, 2], np.int32)),
        csr_state(indptr=np.array([0, 2, 1], np.int32)),
        csr_state(indptr=np.array([1, 1, 2], np.int32)),
        csr_state(indptr=np.array([0, 1, 9], np.int32)),
    ],
)
def test_wrong_sparse_matrices(tmp_path: Path, state: Any) -> None:
    with pytest.raises(ValueError, match=r"file\.pickle"):
        read_csr(write(tmp_path, Calls(sp.csr_matrix, state=state)))


@pytest.mark.parametrize(
    "content",
    [{"0": [1]}, {True: [1]}, {0: (1,)}, {0: ["1"]}, {0: [1.0]}, {0: [[1]]}, {0: [True]}, [[1]], 1],
)
def test_wrong_adjacency(tmp_path: Path, content: Any) -> None:
    with pytest.raises(ValueError, match=r"file\.pickle"):
        read_adjacency(write(tmp_path, content))


@pytest.mark.parametrize(
    ("reader", "content"),
    [
        (read_array, PYTHON_2_ARRAY),
        (read_csr, pickle.dumps(sp.csr_matrix([[0, 2]]), 2)),
        (read_adjacency, pickle.dumps(defaultdict(list, {0: [1, 1000]}), 2)),
    ],
)
class TestDamage:
    def test_truncated_anywhere(
        self, tmp_path: Path, reader: Callable[[Path], Any], content: bytes
    ) -> None:
        reader(write(tmp_path, content))
        for length in range(len(content)):
            with pytest.raises(ValueError, match=r"file\.pickle"):
                reader(write(tmp_path, content[:length]))

    def test_any_byte_changed_is_read_or_refused_by_name(
        self, tmp_path: Path, reader: Callable[[Path], Any], content: bytes
    ) -> None:
        refused = 0
        for position in range(len(content)):
            for value in (
                0,
                40,
                82,
                98,
                128,
                255,
            ):  # Among them the opcodes MARK, REDUCE and BUILD.
                damaged = content[:position] + bytes([value]) + content[position + 1 :]
                try:
                    reader(write(tmp_path, damaged))
                except ValueError as error:
                    refused += 1
                    assert "file.pickle" in str(error)
        assert refused > len(content)


@pytest.mark.parametrize("reader", READERS)
def test_missing_file(tmp_path: Path, reader: Callable[[Path], Any]) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        reader(tmp_path / "nothing")
