"""One step of each optimizer on a table of (d + 1, K) coordinates whose last row is the intercept.

``table[0]`` holds the weights, ``table[1:]`` the slots. A coordinate that is not ``touched`` (absent from a sparse row
or block) has gradient 0: its moments decay, it makes no step, and its rate ``c`` stays that of its last step.
"""

from dataclasses import dataclass

import numpy as np

from reference import columns

SLOTS = {"sgd": 0, "momentum": 1, "adagrad": 1, "adam": 2}


@dataclass(frozen=True)
class Step:
    """What a step needs beside the table: rate, its number from 1, and the coordinates it may move (d + 1, 1)."""

    eta: float
    number: int
    touched: np.ndarray


def new_table(spec, n_features):
    table = np.zeros((1 + SLOTS[spec["optimizer"]], n_features + 1, spec["columns"]))
    if spec["optimizer"] == "adagrad":
        table[1] = spec["initial_accumulator"]
    return table


def resting_rates(spec, table):
    """c (d + 1, K) of coordinates that no step has touched; 0 for adam, which has seen no gradient."""
    rates = {"sgd": 1.0, "momentum": 1 / (1 - spec["momentum"]), "adam": 0.0}
    if spec["optimizer"] == "adagrad":
        return adagrad_rates(spec, table)
    return np.full_like(table[0], rates[spec["optimizer"]])


def row_step(spec, table, step, x, y, s):
    """Learn one row, x (d + 1,) with its 1 for the intercept; the rates c (d + 1, K) come back.

    sgd and adagrad move importance-invariantly, momentum and adam along their moments.
    """
    z = x @ table[0]
    r = columns.row_derivatives(spec["loss"], spec["loss_parameter"], z[None, :], np.array([y]))[0]
    if spec["optimizer"] in ("momentum", "adam"):
        return gradient_step(spec, table, step, s * np.outer(x, r))
    c = np.ones_like(table[0])
    if spec["optimizer"] == "adagrad":
        table[1] += s * np.outer(x, r) ** 2
        c = adagrad_rates(spec, table)
    q = (c * x[:, None] ** 2).sum(axis=0)
    u = columns.row_steps(spec["loss"], spec["loss_parameter"], z, y, step.eta * s, q)
    table[0] += c * np.outer(x, u)
    return c


def gradient_step(spec, table, step, g):
    """Step along the gradient g (d + 1, K) of a block, or of a row for momentum and adam; the rates c come back."""
    direction, c = DIRECTIONS[spec["optimizer"]](spec, table, step, g)
    table[0] -= np.where(step.touched, step.eta * direction, 0.0)
    return c


def sgd_direction(spec, table, step, g):
    return g, np.ones_like(g)


def adagrad_direction(spec, table, step, g):
    table[1] += g**2
    c = adagrad_rates(spec, table)
    return c * g, c


def adagrad_rates(spec, table):
    """0 where no gradient was seen; the margin of 1e-6 is a start that was rounded to float32."""
    return np.where(table[1] > spec["initial_accumulator"] * (1 + 1e-6), 1 / np.sqrt(table[1]), 0.0)


def momentum_direction(spec, table, step, g):
    table[1] = spec["momentum"] * table[1] + g
    return table[1], np.full_like(g, 1 / (1 - spec["momentum"]))


def adam_direction(spec, table, step, g):
    table[1] = spec["beta_1"] * table[1] + (1 - spec["beta_1"]) * g
    table[2] = spec["beta_2"] * table[2] + (1 - spec["beta_2"]) * g**2
    c = 1 / (np.sqrt(table[2] / (1 - spec["beta_2"] ** step.number)) + spec["epsilon"])
    c = np.where(table[2] == 0, 0.0, c)
    return c * table[1] / (1 - spec["beta_1"] ** step.number), c


DIRECTIONS = {
    "sgd": sgd_direction,
    "adagrad": adagrad_direction,
    "momentum": momentum_direction,
    "adam": adam_direction,
}
