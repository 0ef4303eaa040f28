"""NumPy's random number generators as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradstream.exceptions import SavedFileError

GENERATORS = (np.random.RandomState, np.random.Generator)
_BIT_GENERATORS = {
    cls.__name__: cls
    for cls in (
        np.random.MT19937,
        np.random.PCG64,
        np.random.PCG64DXSM,
        np.random.Philox,
        np.random.SFC64,
    )
}


def state_of_generator(generator: np.random.RandomState | np.random.Generator) -> dict[str, Any]:
    """Return where a generator stands."""
    if isinstance(generator, np.random.RandomState):
        return {"class": "RandomState", "state": generator.get_state(legacy=False)}
    return {"class": "Generator", "state": generator.bit_generator.state}


def generator_from(saved: dict[str, Any]) -> np.random.RandomState | np.random.Generator:
    """Return a generator that goes on from there."""
    state = saved["state"]
    cls = _BIT_GENERATORS.get(state["bit_generator"])
    if cls is None:
        raise SavedFileError(
            f"it holds a random number generator {state['bit_generator']!r}, which NumPy does not know"
        )
    _check_position(state)
    if saved["class"] == "RandomState":
        random_state = np.random.RandomState(cls())
        random_state.set_state(state)
        return random_state
    bits = cls()
    bits.state = state
    return np.random.Generator(bits)


def _check_position(state: dict[str, Any]) -> None:
    """Raise SavedFileError for a place outside a generator's buffer, where NumPy would read without looking."""
    places = {
        "MT19937": (state["state"].get("pos", 0), 624),
        "Philox": (state.get("buffer_pos", 0), 4),
    }
    place, last = places.get(state["bit_generator"], (0, 0))
    if type(place) is not int or not 0 <= place <= last:
        raise SavedFileError(f"it holds a random number generator at place {place!r} of a buffer of {last}")
