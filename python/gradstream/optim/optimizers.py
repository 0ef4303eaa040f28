"""What turns gradients into steps, when an update sees fewer than all rows.

With ``learning_rate="auto"`` a named optimizer uses its documented constant: SGD 0.1, Momentum 0.01, AdaGrad 0.5,
Adam 0.01.
"""

from numbers import Real
from typing import Any, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval


class Optimizer(BaseEstimator):
    """Base of the optimizer objects: a name that the core knows.

    Attributes
    ----------
    name : str
        What to write for ``optimizer=`` to get the same object with its defaults.
    """

    name: ClassVar[str]
    _parameter_constraints: ClassVar[dict[str, Any]] = {}


class SGD(Optimizer):
    """Stochastic gradient descent, ``w -= eta g``; at batch size 1 the importance-invariant step.

    References
    ----------
    .. [1] N. Karampatziakis and J. Langford, "Online importance weight aware updates", UAI 2011.

    Examples
    --------
    >>> from gradstream.optim import SGD
    >>> SGD().name
    'sgd'
    """

    name = "sgd"


class Momentum(Optimizer):
    """Heavy ball: ``m = momentum m + g``, ``w -= eta m``.

    Parameters
    ----------
    momentum : float in [0, 1), default=0.9
        Share of the last direction that is kept. The step in the long run is ``eta / (1 - momentum)``.

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Examples
    --------
    >>> from gradstream.optim import Momentum
    >>> Momentum(momentum=0.8).get_params()
    {'momentum': 0.8}
    """

    name = "momentum"
    _parameter_constraints: ClassVar[dict[str, Any]] = {"momentum": [Interval(Real, 0, 1, closed="left")]}

    def __init__(self, momentum: float = 0.9) -> None:
        self.momentum = momentum


class AdaGrad(Optimizer):
    """A rate for each coefficient: ``G += g^2``, ``w -= eta g / sqrt(G)``. Needs hardly any tuning.

    Parameters
    ----------
    initial_accumulator : float > 0, default=1e-8
        Where ``G`` starts, in squared units of the gradient.

    References
    ----------
    .. [1] J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and stochastic
       optimization", JMLR 12, 2011.

    Examples
    --------
    >>> from gradstream.optim import AdaGrad
    >>> AdaGrad()
    AdaGrad()
    """

    name = "adagrad"
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "initial_accumulator": [Interval(Real, 0, None, closed="neither")]
    }

    def __init__(self, initial_accumulator: float = 1e-8) -> None:
        self.initial_accumulator = initial_accumulator


class Adam(Optimizer):
    """Adaptive moments: a running mean of the gradient over the root of a running mean of its square.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        How slowly the mean of the gradient forgets.
    beta_2 : float in [0, 1), default=0.999
        How slowly the mean of its square forgets.
    epsilon : float > 0, default=1e-8
        Added to the root, in units of the gradient.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> from gradstream.optim import Adam
    >>> clone(Adam(beta_1=0.8)).beta_1
    0.8
    """

    name = "adam"
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon


OPTIMIZERS: dict[str, type[Optimizer]] = {cls.name: cls for cls in (SGD, Momentum, AdaGrad, Adam)}
