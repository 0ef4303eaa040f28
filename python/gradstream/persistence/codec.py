"""Values to and from what a header can say: JSON, with a tag where JSON has no word, and numbers of arrays."""

from __future__ import annotations

import sys
from collections.abc import Callable
from math import isfinite, prod
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gradstream.exceptions import SavedFileError
from gradstream.persistence.layout import KINDS
from gradstream.persistence.random_states import GENERATORS, generator_from, state_of_generator
from gradstream.persistence.register import Registration, class_of, registration_of
from gradstream.persistence.sparse_rows import gathered, scattered

TAG = "$"
LONG = 8  # numbers: longer lists of floats are arrays
COVERED = (
    "None, bool, int, float, str, NumPy numbers and arrays of these, lists, tuples and dictionaries of these, "
    "CSR matrices, RandomState, Generator, and gradstream's own objects"
)


class Encoder:
    """Turns values into JSON; arrays are collected on the way."""

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []

    def encode(self, value: Any, where: str) -> Any:
        """Return what stands for a value; ``where`` names it in errors."""
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if isfinite(value) else {TAG: "float", "value": str(value)}
        if kind is dict:
            return self._dictionary(value, where)
        if kind in (list, tuple):
            return self._sequence(value, where)
        if kind is np.ndarray:
            return self._array(value, where)
        if isinstance(value, np.generic) and _is_covered(value.dtype):
            return {TAG: "scalar", "array": self._add(np.array(value))}
        if isinstance(value, sp.csr_matrix | sp.csr_array):
            return self._csr(value)
        if isinstance(value, GENERATORS):
            return {TAG: "generator", "state": self.encode(state_of_generator(value), where)}
        registration = registration_of(value)
        if registration is not None:
            return self.object(value, registration, where)
        raise TypeError(
            f"{where} = {value!r:.200} is of {kind}, which is not saved. Saved are {COVERED}. "
            "Replace it, or remove it and set it again after loading."
        )

    def object(self, value: Any, registration: Registration, where: str) -> dict[str, Any]:
        """Return what stands for an object of a registered class: parameters of its constructor, and its state."""
        parameters = {
            key: self.encode(entry, f"{where}.{key}") for key, entry in registration.parameters(value).items()
        }
        coded = {TAG: "object", "class": registration.name, "parameters": parameters}
        if hasattr(value, "get_state"):
            coded["state"] = self.encode(value.get_state(), where)
        return coded

    def _dictionary(self, value: dict[Any, Any], where: str) -> dict[str, Any]:
        if all(type(key) is str for key in value) and TAG not in value:
            return {key: self.encode(entry, f"{where}.{key}") for key, entry in value.items()}
        items = [[self.encode(part, where) for part in item] for item in value.items()]
        return {TAG: "dict", "items": items}

    def _sequence(self, value: list[Any] | tuple[Any, ...], where: str) -> Any:
        if type(value) is list and len(value) >= LONG and all(type(entry) is float for entry in value):
            return {TAG: "floats", "array": self._add(np.array(value))}
        items = [self.encode(entry, f"{where}[{i}]") for i, entry in enumerate(value)]
        return items if type(value) is list else {TAG: "tuple", "items": items}

    def _array(self, value: NDArray[Any], where: str) -> dict[str, Any]:
        if _is_covered(value.dtype):
            sparse = gathered(value)
            if sparse is None:
                return {TAG: "array", "array": self._add(value)}
            rows, values, rest = sparse
            coded = {TAG: "rows", "shape": list(value.shape), "rows": self._add(rows), "values": self._add(values)}
            return coded if rest is None else {**coded, "rest": self._add(rest)}
        if value.dtype.kind == "O":  # labels and names
            return {TAG: "objects", "shape": list(value.shape), "items": self.encode(value.ravel().tolist(), where)}
        raise TypeError(f"{where} is an array of dtype {value.dtype}, which is not saved. Saved are {COVERED}.")

    def _csr(self, value: Any) -> dict[str, Any]:
        """Return what stands for the sparse coefficients of ``sparsify()``."""
        arrays = [self._add(array) for array in (value.data, value.indices, value.indptr)]
        return {TAG: "csr", "arrays": arrays, "shape": list(value.shape), "matrix": isinstance(value, sp.csr_matrix)}

    def _add(self, array: NDArray[Any]) -> int:
        self.arrays.append(array)
        return len(self.arrays) - 1


def _is_covered(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in KINDS and dtype.char not in "gG"  # long doubles differ from machine to machine


class Decoder:
    """Turns JSON back into values; every array is used once, so that nothing shares memory.

    ``room``: bytes that arrays may grow to together whose rows are mostly left out of a file.
    """

    def __init__(self, arrays: list[NDArray[Any]], room: int) -> None:
        self._arrays = dict(enumerate(arrays))
        self._room = room
        self._words: dict[str, Callable[[dict[str, Any]], Any]] = {
            "float": lambda coded: float(coded["value"]),
            "tuple": lambda coded: tuple(self.decode(coded["items"])),
            "dict": lambda coded: {self.decode(key): self.decode(entry) for key, entry in coded["items"]},
            "floats": lambda coded: self._take(coded["array"]).tolist(),
            "scalar": lambda coded: self._take(coded["array"])[()],
            "array": lambda coded: self._take(coded["array"]),
            "rows": self._rows,
            "objects": self._objects,
            "csr": self._csr,
            "generator": lambda coded: generator_from(self.decode(coded["state"])),
            "object": self._object,
        }

    def decode(self, coded: Any) -> Any:
        """Return the value that something in a header stands for."""
        if isinstance(coded, list):
            return [self.decode(entry) for entry in coded]
        if not isinstance(coded, dict):
            return coded
        if TAG not in coded:
            return {key: self.decode(entry) for key, entry in coded.items()}
        word = self._words.get(coded[TAG])
        if word is None:
            raise SavedFileError(f"it holds a value of kind {coded[TAG]!r}, which this version does not know")
        return word(coded)

    def _take(self, number: int) -> NDArray[Any]:
        return self._arrays.pop(number)

    def _rows(self, coded: dict[str, Any]) -> NDArray[Any]:
        rest = self._take(coded["rest"]) if "rest" in coded else None
        shape, values = tuple(int(length) for length in coded["shape"]), self._take(coded["values"])
        self._room -= max(prod(shape), 0) * values.itemsize
        if self._room < 0:
            raise SavedFileError(f"it holds arrays, one of shape {shape}, that need more memory than there is")
        return scattered(shape, self._take(coded["rows"]), values, rest)

    def _objects(self, coded: dict[str, Any]) -> NDArray[Any]:
        items = self.decode(coded["items"])
        array = np.empty(len(items), object)
        array[:] = items
        return array.reshape(coded["shape"])

    def _csr(self, coded: dict[str, Any]) -> Any:
        arrays = tuple(self._take(number) for number in coded["arrays"])
        value = (sp.csr_matrix if coded["matrix"] else sp.csr_array)(arrays, shape=tuple(coded["shape"]))
        value.check_format()
        return value

    def _object(self, coded: dict[str, Any]) -> Any:
        cls = class_of(coded["class"])
        parameters = {name: self.decode(entry) for name, entry in coded["parameters"].items()}
        value = cls(**parameters)
        if "state" in coded:
            take: Callable[[Any], object] = getattr(value, "_take_state", value.set_state)  # nobody else has the arrays
            take(self.decode(coded["state"]))
        return value


def plain_copy(value: Any, where: str) -> Any:
    """Return a copy that shares no memory, or raise TypeError for what a file cannot hold; ``where`` names it."""
    encoder = Encoder()
    try:
        coded = encoder.encode(value, where)
    except RecursionError:
        raise TypeError(f"{where} is nested too deeply, or holds itself. Saved are {COVERED}.") from None
    arrays = [array.copy() for array in encoder.arrays]
    return Decoder(arrays, room=sys.maxsize).decode(coded)
