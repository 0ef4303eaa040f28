"""Learning rates; ``t`` is the count before the step, ``epoch`` the finished epochs of the last fit."""

import numpy as np

from reference import losses


def rate(spec, t, epoch):
    """eta of the schedule named in ``spec``."""
    name = spec["schedule"]
    if name == "constant":
        return spec["eta0"] + 0.0 * t
    if name == "invscaling":
        return spec["eta0"] / (t + 1) ** spec["power_t"]
    if name == "inverse_time":
        return spec["eta0"] / (1 + spec["decay"] * epoch) + 0.0 * t
    if name == "optimal":
        return 1 / (spec["alpha"] * (optimal_offset(spec) + t))
    raise ValueError(f"schedule = {name!r} has no twin")


def optimal_offset(spec):
    """t0 of Bottou (2012): the rate at t = 0 moves a typical weight by its own size."""
    typw = np.sqrt(1 / np.sqrt(spec["alpha"]))
    eta_init = typw / max(1.0, float(losses.derivative(spec["loss"], spec["loss_parameter"], -typw, 1.0)))
    return 1 / (spec["alpha"] * eta_init)
