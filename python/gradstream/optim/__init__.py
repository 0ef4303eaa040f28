"""Optimizers and schedules as objects, for those who want to set more than a name.

Every object is a bag of parameters with ``get_params``, ``set_params`` and :func:`sklearn.base.clone`, so that
``GridSearchCV`` reaches ``optimizer__beta_1`` and ``learning_rate__power_t``.
"""

from gradstream.optim.optimizers import OPTIMIZERS, SGD, AdaGrad, Adam, Momentum, Optimizer
from gradstream.optim.schedules import SCHEDULES, Constant, InverseTime, InvScaling, Optimal, Schedule

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "AdaGrad",
    "Adam",
    "Constant",
    "InvScaling",
    "InverseTime",
    "Momentum",
    "Optimal",
    "Optimizer",
    "Schedule",
]
