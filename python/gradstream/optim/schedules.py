"""How the learning rate changes while a model learns. ``t`` counts rows at batch size 1 and steps otherwise."""

from numbers import Real
from typing import Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

_ETA0: list[Any] = [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")]


class Schedule(BaseEstimator):
    """Base of the schedule objects: a name that the core knows.

    Attributes
    ----------
    name : str
        What to write for ``learning_rate=`` to get the same object with its defaults.
    """

    name: ClassVar[str]
    _parameter_constraints: ClassVar[dict[str, Any]] = {}


class Constant(Schedule):
    """``eta = eta0``: the only schedule that never stops following a changing world.

    Parameters
    ----------
    eta0 : "auto" or float > 0, default="auto"
        The rate; "auto" is the documented constant of the optimizer.

    Examples
    --------
    >>> from gradstream.optim import Constant
    >>> Constant(eta0=0.3).get_params()
    {'eta0': 0.3}
    """

    name = "constant"
    _parameter_constraints: ClassVar[dict[str, Any]] = {"eta0": _ETA0}

    def __init__(self, eta0: float | str = "auto") -> None:
        self.eta0 = eta0


class InvScaling(Schedule):
    """``eta = eta0 / (t + 1)^power_t``.

    Parameters
    ----------
    eta0 : "auto" or float > 0, default="auto"
        The rate at ``t = 0``; "auto" is the documented constant of the optimizer.
    power_t : float >= 0, default=0.5
        The exponent, dimensionless.

    Examples
    --------
    >>> from gradstream.optim import InvScaling
    >>> InvScaling(power_t=0.25).power_t
    0.25
    """

    name = "invscaling"
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "eta0": _ETA0,
        "power_t": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, eta0: float | str = "auto", power_t: float = 0.5) -> None:
        self.eta0 = eta0
        self.power_t = power_t


class InverseTime(Schedule):
    """``eta = eta0 / (1 + decay * epoch)``, where ``epoch`` counts the finished epochs of the last ``fit``.

    Parameters
    ----------
    eta0 : "auto" or float > 0, default="auto"
        The rate of the first epoch; "auto" is the documented constant of the optimizer.
    decay : float >= 0, default=1.0
        Per epoch.

    Examples
    --------
    >>> from gradstream.optim import InverseTime
    >>> InverseTime(decay=0.1)
    InverseTime(decay=0.1)
    """

    name = "inverse_time"
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "eta0": _ETA0,
        "decay": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, eta0: float | str = "auto", decay: float = 1.0) -> None:
        self.eta0 = eta0
        self.decay = decay


class Optimal(Schedule):
    """``eta = 1 / (alpha (t0 + t))`` with the estimator's ``alpha``, which must be positive.

    References
    ----------
    .. [1] L. Bottou, "Stochastic gradient descent tricks", 2012, section 5.2.

    Examples
    --------
    >>> from gradstream.optim import Optimal
    >>> Optimal().name
    'optimal'
    """

    name = "optimal"


SCHEDULES: dict[str, type[Schedule]] = {cls.name: cls for cls in (Constant, InvScaling, InverseTime, Optimal)}
