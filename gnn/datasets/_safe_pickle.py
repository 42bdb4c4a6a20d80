"""Reads arrays, sparse matrices and adjacency lists out of pickles, and runs nothing of them.

A pickle is a program: it names functions and calls them. Here a name resolves to a stand-in that
only keeps what it is given (or, for the two containers, to Python's own type), and a name outside
the table below is refused. The arrays are made afterwards, from pieces that were checked.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeGuard, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

# Booleans, integers and floats of 1 to 8 bytes: no objects, no records, no text.
_NUMBER = re.compile(r"b1|[iu][1248]|f[248]")
# An array takes about five, and a sparse matrix has three arrays.
_MAX_TUPLES = 1000


def _is_shape(shape: Any) -> TypeGuard[tuple[int, ...]]:
    return isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)


class _Inert:
    """Base of the stand-ins."""

    __slots__ = ()

    # Found by the unpickler on the class itself too, so that no state can be set on a class.
    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError(f"{type(self).__name__[1:]} takes no state")


class _Bytes(_Inert):
    """Bytes, which Python 3 writes as latin-1 text to be encoded."""

    __slots__ = ()

    def __new__(cls, text: str = "", encoding: str = "latin1") -> Any:
        if not isinstance(text, str) or encoding != "latin1":
            raise pickle.UnpicklingError("bytes are not given as latin1 text")
        return text.encode("latin1")


class _Dtype(_Inert):
    """A dtype: the code it is made with, and the byte order in its state."""

    __slots__ = ("code", "order")

    def __init__(self, code: Any, *unused: Any) -> None:
        if not isinstance(code, str) or not _NUMBER.fullmatch(code):
            raise pickle.UnpicklingError(f"dtype {str(code)[:40]!r} is not a number's")
        self.code = code
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        if order not in ("<", ">", "=", "|"):
            raise pickle.UnpicklingError("a dtype's byte order is not one of < > = |")
        self.order = order


class _Array(_Inert):
    """An array: what it is made with says nothing, its state says all."""

    __slots__ = ("state",)

    def __init__(self, *unused: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def build(self) -> NDArray[Any]:
        if not isinstance(self.state, tuple) or len(self.state) != 5:
            raise pickle.UnpicklingError("an array has no shape, dtype and data")
        _, shape, dtype, fortran, data = self.state
        if isinstance(data, str):  # Python 2 has one type for text and bytes.
            data = data.encode("latin1")
        if not _is_shape(shape):
            raise pickle.UnpicklingError("an array's shape is not a tuple of sizes")
        if not isinstance(dtype, _Dtype) or not isinstance(data, bytes):
            raise pickle.UnpicklingError("an array's dtype or data are of the wrong kind")
        kind = np.dtype(dtype.order + dtype.code)
        if math.prod(shape) * kind.itemsize != len(data):
            raise pickle.UnpicklingError(f"{len(data)} bytes do not fill {kind} of shape {shape}")
        flat = np.frombuffer(data, kind).astype(kind.newbyteorder("="))
        return flat.reshape(shape, order="F" if fortran else "C")


class _Csr(_Inert):
    """A compressed sparse row matrix: its attributes."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def build(self) -> sp.csr_array:
        state = getattr(self, "state", None)  # The unpickler may make one without __init__.
        if not isinstance(state, dict):
            raise pickle.UnpicklingError("a sparse matrix has no attributes")
        parts = [state.get(key) for key in ("data", "indices", "indptr")]
        if not all(isinstance(part, _Array) for part in parts):
            raise pickle.UnpicklingError("a sparse matrix lacks data, indices or indptr")
        data, indices, indptr = (cast(_Array, part).build() for part in parts)
        if indices.dtype.kind != "i" or indptr.dtype.kind != "i":
            raise pickle.UnpicklingError("a sparse matrix's indices are not integers")
        shape = state.get("_shape")
        if not _is_shape(shape) or len(shape) != 2:
            raise pickle.UnpicklingError("a sparse matrix's shape is not two sizes")
        matrix = sp.csr_array((data, indices, indptr), shape=shape)
        matrix.check_format(full_check=True)
        return matrix


# Every name that the Planetoid files use, and what the same objects are called when pickled today.
_NAMES: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("scipy.sparse.csr", "csr_matrix"): _Csr,
    ("scipy.sparse._csr", "csr_matrix"): _Csr,
    ("_codecs", "encode"): _Bytes,
    ("__builtin__", "bytes"): _Bytes,
    ("builtins", "bytes"): _Bytes,
    ("__builtin__", "list"): list,
    ("builtins", "list"): list,
    ("collections", "defaultdict"): defaultdict,
}

_KINDS = {_Array: "an array", _Csr: "a CSR matrix", dict: "a dictionary"}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _NAMES[module, name]
        except KeyError:
            called = f"{module}.{name}"[:100]
            raise pickle.UnpicklingError(f"it names {called!r}, which is refused") from None


def _check_opcodes(data: bytes) -> None:
    """Refuses what is cut short, and what would exhaust the memory or the stack when loaded."""
    tuples = 0
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and cast(int, argument) > len(data):
            raise pickle.UnpicklingError(f"it memoizes at {argument}, past its own length")
        # Hashing a tuple recurses into it with no limit.
        tuples += opcode.name.startswith("TUPLE")
        if tuples > _MAX_TUPLES:
            raise pickle.UnpicklingError(f"it makes more than {_MAX_TUPLES} tuples")


def _build_adjacency(adjacency: dict[Any, Any]) -> dict[int, list[int]]:
    for node, neighbors in adjacency.items():
        if type(node) is not int or type(neighbors) is not list:
            raise pickle.UnpicklingError("it does not map nodes (ints) to lists of nodes")
        if not all(type(neighbor) is int for neighbor in neighbors):
            raise pickle.UnpicklingError(f"a neighbor of node {node} is not an int")
    return dict(adjacency)


def _read(path: Path, kind: type, build: Callable[[Any], Any]) -> Any:
    data = path.read_bytes()
    try:
        _check_opcodes(data)
        value = _Unpickler(io.BytesIO(data), encoding="latin1").load()
        if not isinstance(value, kind):
            raise pickle.UnpicklingError(f"it does not hold {_KINDS[kind]}")
        return build(value)
    except Exception as error:  # A damaged pickle can raise almost anything.
        reason = str(error) or type(error).__name__
        raise ValueError(f"{path} is damaged, or not what it should be: {reason}") from error


def read_array(path: Path) -> NDArray[Any]:
    """Reads one pickled NumPy array of numbers.

    Args:
      path: A pickle written by Python 2, or by Python 3 with protocol 2.

    Returns:
      The array, in native byte order.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If the pickle is damaged, names anything but what arrays need, or holds something
        else. The message names the file, and the name that was refused.
    """
    return cast("NDArray[Any]", _read(path, _Array, _Array.build))


def read_csr(path: Path) -> sp.csr_array:
    """Reads one pickled SciPy CSR matrix of numbers, and checks its indices.

    Args:
      path: A pickle written by Python 2, or by Python 3 with protocol 2.

    Returns:
      The matrix.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If the pickle is damaged, names anything but what such matrices need, or holds
        something else. The message names the file, and the name that was refused.
    """
    return _read(path, _Csr, _Csr.build)


def read_adjacency(path: Path) -> dict[int, list[int]]:
    """Reads one pickled dictionary of each node's neighbors.

    Args:
      path: A pickle written by Python 2, or by Python 3 with protocol 2.

    Returns:
      The neighbors by node, as the file has them.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If the pickle is damaged, names anything but what such dictionaries need, or holds
        something else. The message names the file, and the name that was refused.
    """
    return cast("dict[int, list[int]]", _read(path, dict, _build_adjacency))
