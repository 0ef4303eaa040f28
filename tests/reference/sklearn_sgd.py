"""docs/guide/sgd_drop_ins.md, "The recurrence", in plain NumPy: one column, one row at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit


def slope(loss: str, z: float, y: float, epsilon: float) -> float:
    """Return dloss/dz; y is -1 or +1 in classification."""
    m, gap = y * z, z - y
    over = max(0.0, abs(gap) - epsilon)
    return {
        "hinge": -y if m <= 1 else 0.0,
        "perceptron": -y if m <= 0 else 0.0,
        "squared_hinge": -2.0 * y * max(0.0, 1.0 - m),
        "log_loss": -y * expit(-m),
        "modified_huber": -4.0 * y if m < -1 else -2.0 * y * max(0.0, 1.0 - m),
        "squared_error": gap,
        "huber": float(np.clip(gap, -epsilon, epsilon)),
        "epsilon_insensitive": float(np.sign(gap)) if over > 0 else 0.0,
        "squared_epsilon_insensitive": 2.0 * np.sign(gap) * over,
    }[loss]


@dataclass
class Column:
    """A column and its parameters; ``l1_ratio`` as it acts, ``decay`` of the intercept's steps 0.01 for sparse rows."""

    d: int
    loss: str = "hinge"
    schedule: str = "optimal"
    alpha: float = 1e-4
    l1_ratio: float = 0.0
    penalty: bool = True
    eta0: float = 0.01
    power_t: float = 0.5
    epsilon: float = 0.1
    average: int = 0
    decay: float = 1.0
    b: float = 0.0
    t: float = 1.0
    owed: float = 0.0
    averaged_b: float = 0.0
    w: Any = field(init=False)
    paid: Any = field(init=False)
    sum_of_w: Any = field(init=False)

    def __post_init__(self) -> None:
        self.w, self.paid, self.sum_of_w = np.zeros((3, self.d))

    def rate(self) -> float:
        if self.schedule == "optimal":
            return 1.0 / (self.alpha * (1.0 / (self.alpha * self.alpha**-0.25) + self.t - 1.0))
        return self.eta0 / self.t**self.power_t if self.schedule == "invscaling" else self.eta0

    def step(self, x: Any, y: float, s: float, present: Any) -> None:
        """Learn a row; ``present`` says which features it has."""
        eta = self.rate()
        u = -eta * np.clip(slope(self.loss, float(x @ self.w) + self.b, y, self.epsilon), -1e12, 1e12) * s
        if self.penalty:
            self.w *= max(0.0, 1.0 - (1.0 - self.l1_ratio) * eta * self.alpha)
        self.w += u * x
        self.b += u * self.decay
        if 0 < self.average <= self.t:
            self.sum_of_w += self.w
            self.averaged_b += (self.b - self.averaged_b) / (self.t - self.average + 1.0)
        if self.penalty and self.l1_ratio > 0.0:
            self.pay(self.l1_ratio * eta * self.alpha, present)
        self.t += 1.0

    def pay(self, more: float, present: Any) -> None:
        """Pay the cumulative l1 penalty of the features present, no further than to 0."""
        self.owed += more
        for j in np.flatnonzero(present):
            before = self.w[j]
            if before > 0.0:
                self.w[j] = max(0.0, before - (self.owed + self.paid[j]))
            elif before < 0.0:
                self.w[j] = min(0.0, before + (self.owed - self.paid[j]))
            self.paid[j] += self.w[j] - before


def shuffled(order: Any, seed: int) -> Any:
    """Shuffle forward with XorShift32."""
    order, state = np.array(order), seed or 1
    for i in range(len(order) - 1):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        j = i + (state & 0x7FFFFFFF) % (len(order) - i)
        order[i], order[j] = order[j], order[i]
    return order
