"""``gradstream_learn_one``: the streaming step of sgd and AdaGrad, as ``docs/guide/numerics.md`` writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._state import EPOCH, WEIGHT, T
from gradstream.export import c_formulas, c_learning_text
from gradstream.export.served import Learning, ServedModel

if TYPE_CHECKING:
    from gradstream._core import Spec

Constants = Callable[[str, str, Iterable[float]], str]


def learning_source(model: ServedModel, learning: Learning, constants: Constants) -> str:
    """Return the state, its start, predictions of it and the function that learns a row."""
    spec = learning.spec
    real = "float" if learning.state.table.dtype == np.float32 else "double"
    softmax = spec["loss"] == "log_loss" and spec["columns"] > 1
    parts = [
        f"typedef {real} gradstream_real; /* what weights are kept in */\n",
        c_learning_text.struct(spec),
        _start(learning, real, constants),
        c_learning_text.rate(spec, _rate(spec, learning)),
        c_learning_text.SAT if spec["loss"] in c_formulas.USES_SAT or spec["l1"] * spec["l2"] > 0 else "",
        c_learning_text.flow(spec),
        c_learning_text.SOFTMAX if softmax else c_learning_text.residual(spec) + "\n" + c_learning_text.step(spec),
        c_learning_text.reading(spec),
        c_learning_text.predicting(model),
        _class_weights(learning, constants),
        c_learning_text.learning(spec, model, softmax=softmax, weighted=learning.class_weights is not None),
    ]
    return "\n".join(part for part in parts if part)


def _start(learning: Learning, real: str, constants: Constants) -> str:
    """Return constants and the function that copies them into a state."""
    state, spec = learning.state, learning.spec
    arrays: list[tuple[str, str, Iterable[float]]] = [
        (real, "weight", state.table[0].ravel()),
        ("double", "intercept", state.bias[0]),
    ]
    if spec["optimizer"] == "adagrad":
        arrays += [(real, "squares", state.table[1].ravel()), ("double", "intercept_squares", state.bias[1])]
    if spec["standardize"] != "none":
        arrays += [("double", "mean", state.mean), ("double", "m2", state.m2)]
    declared = [constants(kind, f"gradstream_start_{name}[]", values) for kind, name, values in arrays]
    copies = [f"  memcpy(now->{name}, gradstream_start_{name}, sizeof now->{name});\n" for _, name, _ in arrays]
    counters = state.counters
    numbers = f"  now->weight_seen = {float(counters[WEIGHT])!r};\n  now->t = {float(counters[T])!r};\n"
    return "\n".join(declared) + "\n" + c_learning_text.START.replace("@BODY@", "".join(copies) + numbers)


def _rate(spec: Spec, learning: Learning) -> str:
    """Return eta as an expression of the clock t."""
    if spec["schedule"] == "invscaling":
        return f"{spec['eta0']!r} * pow(t + 1.0, {-spec['power_t']!r})"
    first = float(_core.schedule_rates(spec, np.zeros(1), float(learning.state.counters[EPOCH]))[0])
    if spec["schedule"] == "optimal":
        return f"1.0 / ({spec['alpha']!r} * ({1.0 / (spec['alpha'] * first)!r} + t))"
    return repr(first)


def _class_weights(learning: Learning, constants: Constants) -> str:
    if learning.class_weights is None:
        return ""
    return constants("double", "gradstream_class_weights[GRADSTREAM_CLASSES]", learning.class_weights)
