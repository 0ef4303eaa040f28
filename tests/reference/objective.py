"""The objective F of docs/guide/numerics.md, its gradient, and its optimum to high precision on small problems."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize
from threadpoolctl import threadpool_limits

from reference import columns, penalties


@dataclass(frozen=True)
class Problem:
    """All that F depends on. X (n, d) dense, y (n,) (class index when n_columns > 1), s (n,), center and scale (d,)."""

    X: np.ndarray
    y: np.ndarray
    loss: str
    s: np.ndarray | None = None
    n_columns: int = 1
    loss_parameter: float = 1.0
    l1: float = 0.0
    l2: float = 0.0
    fit_intercept: bool = True
    center: np.ndarray | float = 0.0
    scale: np.ndarray | float = 1.0

    @property
    def rows(self):
        """Standardised rows (n, d), float64."""
        return (np.asarray(self.X, float) - self.center) * self.scale

    @property
    def weights(self):
        """Shares of the rows, (n,), summing to 1."""
        s = np.ones(len(self.X)) if self.s is None else np.asarray(self.s, float)
        return s / s.sum()

    @property
    def shape(self):
        return np.shape(self.X)[1], self.n_columns


def mean_loss(problem, W, b):
    Z = problem.rows @ W + b
    return problem.weights @ columns.row_losses(problem.loss, problem.loss_parameter, Z, problem.y)


def mean_loss_gradient(problem, W, b):
    """Gradient of the mean loss in W (d, K) and in b (K,); b's is 0 without an intercept."""
    Z = problem.rows @ W + b
    R = problem.weights[:, None] * columns.row_derivatives(problem.loss, problem.loss_parameter, Z, problem.y)
    return problem.rows.T @ R, R.sum(axis=0) * problem.fit_intercept


def objective(problem, W, b):
    return mean_loss(problem, W, b) + penalties.value(W, problem.l1, problem.l2)


def smooth_gradient(problem, W, b):
    """Gradient of F without its l1 part."""
    g, g_b = mean_loss_gradient(problem, W, b)
    return g + problem.l2 * W, g_b


def residual(problem, W, b):
    """Norm of the gradient; with l1, of W - prox_l1(W - g) at unit step."""
    g, g_b = smooth_gradient(problem, W, b)
    if problem.l1 > 0:
        g = W - penalties.prox_l1(W - g, problem.l1)
    return np.sqrt(np.sum(g**2) + np.sum(g_b**2))


def best_intercept(problem):
    """b (K,) that minimises F at W = 0."""
    if not problem.fit_intercept:
        return np.zeros(problem.n_columns)
    return optimum(replace(problem, X=np.zeros((len(problem.X), 0)), l1=0.0, center=0.0, scale=1.0))[1]


def optimality(problem, W, b):
    """The residual over the residual at W = 0 with the best intercept."""
    return residual(problem, W, b) / residual(problem, np.zeros(problem.shape), best_intercept(problem))


def optimum(problem):
    """(W, b) that minimise F. On matrices this small, threads of the BLAS would wait for each other only."""
    with threadpool_limits(limits=1, user_api="blas"):
        if problem.loss == "hinge":
            return _hinge_optimum(problem)
        return _proximal_optimum(problem) if problem.l1 > 0 else _smooth_optimum(problem)


def _unpack(problem, v):
    d, K = problem.shape
    return v[: d * K].reshape(d, K), v[d * K :] if problem.fit_intercept else np.zeros(K)


def _pack(problem, W, b):
    return np.concatenate([W.ravel(), b]) if problem.fit_intercept else W.ravel()


def _smooth_optimum(problem):
    """L-BFGS, then Powell's hybrid method on gradient = 0, which squares what is left."""

    def gradient(v):
        return _pack(problem, *smooth_gradient(problem, *_unpack(problem, v)))

    d, K = problem.shape
    start = np.zeros(d * K + K * problem.fit_intercept)
    options = {"maxiter": 20000, "maxfun": 40000, "ftol": 0.0, "gtol": 1e-12}
    coarse = optimize.minimize(
        lambda v: objective(problem, *_unpack(problem, v)), start, jac=gradient, method="L-BFGS-B", options=options
    ).x
    fine = optimize.root(gradient, coarse, method="hybr", options={"xtol": 1e-15}).x
    best = min((coarse, fine), key=lambda v: np.linalg.norm(gradient(v)))
    return _unpack(problem, best)


def _proximal_optimum(problem, tolerance=1e-13, max_iter=200_000):
    """Accelerated proximal gradient with backtracking, restarted when F would go up (O'Donoghue & Candes 2015)."""
    d, K = problem.shape
    W, b = np.zeros((d, K)), np.zeros(K)
    ahead, momentum, step = (W, b), 1.0, 1.0
    for _ in range(max_iter):
        g, g_b = smooth_gradient(problem, *ahead)
        (W_new, b_new), step = _proximal_step(problem, ahead, (g, g_b), step)
        uphill = np.sum((ahead[0] - W_new) * (W_new - W)) + np.sum((ahead[1] - b_new) * (b_new - b)) > 0
        momentum_new = 1.0 if uphill else (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        inertia = 0.0 if uphill else (momentum - 1) / momentum_new
        ahead = W_new + inertia * (W_new - W), b_new + inertia * (b_new - b)
        W, b, momentum = W_new, b_new, momentum_new
        if residual(problem, W, b) < tolerance:
            break
    return W, b


def _proximal_step(problem, at, gradient, step):
    """The proximal step at a point, with the first step size from ``step`` down under which the model bounds F."""

    def smooth(W, b):
        return mean_loss(problem, W, b) + problem.l2 / 2 * np.sum(W**2)

    (W, b), (g, g_b) = at, gradient
    here = smooth(W, b)
    while True:
        W_new, b_new = penalties.prox_l1(W - step * g, step * problem.l1), b - step * g_b
        moved, moved_b = W_new - W, b_new - b
        bound = here + np.sum(g * moved) + g_b @ moved_b + (np.sum(moved**2) + np.sum(moved_b**2)) / (2 * step)
        if smooth(W_new, b_new) <= bound + 1e-15 * abs(here):
            return (W_new, b_new), step
        step /= 2


def _hinge_optimum(problem):
    """Each column on its own: the dual quadratic programme, then the best intercept among the breakpoints."""
    if problem.l1 > 0 or problem.l2 == 0:
        raise ValueError("the twin of hinge wants l1 = 0 and l2 > 0")
    targets = columns.targets(problem.y, problem.n_columns)
    solved = [_hinge_column(problem, targets[:, k]) for k in range(problem.n_columns)]
    return np.column_stack([w for w, _ in solved]), np.array([b for _, b in solved])


def _hinge_column(problem, y):
    """max sum a - |sum_i a_i y_i x_i|^2 / (2 l2), 0 <= a <= share of the row, a.y = 0 with an intercept."""
    rows, cap = y[:, None] * problem.rows, problem.weights
    if rows.shape[1] == 0:
        return np.zeros(0), _hinge_intercept(np.zeros(len(y)), y, cap)
    # In units of the largest share and with the curvature near 1, SLSQP's absolute tolerance is a relative one.
    unit = cap.max()
    gram = rows @ rows.T * unit / problem.l2
    constraints = [{"type": "eq", "fun": lambda a: a @ y, "jac": lambda a: y}] if problem.fit_intercept else []
    dual = optimize.minimize(
        lambda a: a @ gram @ a / 2 - a.sum(),
        cap / unit / 2,
        jac=lambda a: gram @ a - 1,
        bounds=[(0.0, c) for c in cap / unit],
        constraints=constraints,
        method="SLSQP",
        options={"maxiter": 2000, "ftol": 1e-16},
    )
    ends = [
        (w, _hinge_intercept(problem.rows @ w, y, cap) if problem.fit_intercept else 0.0)
        for a in (dual.x, _hinge_polished(dual.x, cap / unit, gram, y * problem.fit_intercept))
        for w in [rows.T @ (a * unit) / problem.l2]
    ]
    return min(ends, key=lambda end: _hinge_primal(problem, y, *end))


def _hinge_polished(a, cap, gram, y):
    """The duals strictly between their bounds solve linear equations: their rows stand exactly on the margin."""
    free = (a > 1e-6 * cap) & (a < (1 - 1e-6) * cap)
    at_bound = np.where(free, 0.0, np.where(a > cap / 2, cap, 0.0))
    system = np.block([[gram[np.ix_(free, free)], y[free, None]], [y[None, free], np.zeros((1, 1))]])
    right = np.append(1 - gram[free] @ at_bound, -y @ at_bound)
    polished = at_bound.copy()
    polished[free] = np.linalg.lstsq(system, right)[0][:-1]
    return polished


def _hinge_primal(problem, y, w, b):
    return problem.weights @ np.maximum(0.0, 1 - y * (problem.rows @ w + b)) + problem.l2 / 2 * w @ w


def _hinge_intercept(z, y, share):
    """The mean hinge loss is piecewise linear in b: its minimum stands at a breakpoint y - z."""
    breakpoints = y - z
    values = np.maximum(0.0, 1 - y * (z + breakpoints[:, None])) @ share
    return breakpoints[np.argmin(values)]
