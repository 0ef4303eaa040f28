"""Contenders that nobody tunes: each returns, for every row of a stream, what it said before it learnt the row.

A contender is a function of a Stream that returns (n,) probabilities of class 1 or predicted targets, or None where its
package is not installed. ``best_of_ten_rates`` alone sees the future: it returns what the rate that did best had said.
"""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
import sklearn
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.preprocessing import StandardScaler

from compare.streams import Stream
from gradstream import LinearClassifier, LinearRegressor

Predictions = NDArray[np.float64]
RATES = (0.001, 0.0025, 0.006, 0.015, 0.04, 0.1, 0.25, 0.6, 1.5, 3.16)


def losses(predicted: Predictions, stream: Stream) -> NDArray[np.float64]:
    """Return the log loss of each row, probabilities clipped at 1e-15, or its absolute error.

    ``predicted`` is (n,) or (n, k); a prediction that is no number costs infinity.
    """
    y = stream.y.reshape(-1, *[1] * (predicted.ndim - 1))
    if stream.binary:
        lost = -np.log(np.clip(np.where(y > 0, predicted, 1.0 - predicted), 1e-15, 1.0))
    else:
        lost = np.abs(predicted - y)
    return np.where(np.isfinite(lost), lost, np.inf)


def gradstream(stream: Stream) -> Predictions:
    """Our estimators without an argument."""
    if stream.binary:
        model = LinearClassifier()
        return model.progressive_fit(stream.X, stream.y, classes=[0.0, 1.0], method="predict_proba")[:, 1]
    return LinearRegressor().progressive_fit(stream.X, stream.y)


def scaler_and_sgd(stream: Stream) -> Predictions:
    """scikit-learn's SGDClassifier or SGDRegressor behind a StandardScaler, row by row."""
    X, y = stream.X, stream.y
    scaler = StandardScaler(with_mean=not sp.issparse(X))
    model = SGDClassifier("log_loss", random_state=0) if stream.binary else SGDRegressor(random_state=0)
    classes = {"classes": [0.0, 1.0]} if stream.binary else {}
    predicted = np.full(len(y), 0.5 if stream.binary else 0.0)
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        for t in range(len(y)):
            x = X[t : t + 1]
            if t > 0:
                scaled = scaler.transform(x)
                predicted[t] = model.predict_proba(scaled)[0, 1] if stream.binary else model.predict(scaled)[0]
            model.partial_fit(scaler.partial_fit(x).transform(x), y[t : t + 1], **classes)
    return predicted


def river(stream: Stream) -> Predictions | None:
    """river's StandardScaler before its LogisticRegression or LinearRegression; CSR rows as their non-zeros."""
    try:
        from river import linear_model, preprocessing
    except ImportError:
        return None
    last = linear_model.LogisticRegression() if stream.binary else linear_model.LinearRegression()
    model = preprocessing.StandardScaler() | last
    predicted = np.zeros(len(stream.y))
    for t, (x, y) in enumerate(zip(_dictionaries(stream.X), stream.y.tolist(), strict=True)):
        predicted[t] = model.predict_proba_one(x).get(True, 0.5) if stream.binary else model.predict_one(x)
        model.learn_one(x, y > 0 if stream.binary else y)
    return predicted


def vowpal_wabbit(stream: Stream) -> Predictions | None:
    """Vowpal Wabbit's default rule; a row is predicted without its label, which would move the range of predictions."""
    try:
        from vowpalwabbit import Workspace
    except ImportError:
        return None
    loss = "--loss_function logistic --link logistic" if stream.binary else "--loss_function squared"
    workspace = Workspace(f"--bit_precision 22 --quiet {loss}")
    predicted = np.zeros(len(stream.y))
    labels = 2.0 * stream.y - 1.0 if stream.binary else stream.y
    for t, (x, label) in enumerate(zip(_dictionaries(stream.X), labels.tolist(), strict=True)):
        features = " |f " + " ".join(f"{name}:{value!r}" for name, value in x.items() if value != 0.0)
        predicted[t] = workspace.predict(features)
        workspace.learn(f"{label}{features}")
    workspace.finish()
    return predicted


def best_of_ten_rates(stream: Stream) -> Predictions:
    """Plain SGD, one constant rate: of ten, the one that turns out best. Dense rows are standardised as they come."""
    with np.errstate(all="ignore"):
        predicted = _plain_sgd(stream)
        return predicted[:, losses(predicted, stream).sum(axis=0).argmin()]


def _plain_sgd(stream: Stream) -> Predictions:
    """Return what each of the ten said, (n, 10)."""
    n, d = stream.X.shape
    W, b = np.zeros((d, len(RATES))), np.zeros(len(RATES))
    mean, m2 = np.zeros(d), np.zeros(d)
    said = np.zeros((n, len(RATES)))
    link = expit if stream.binary else np.asarray
    for t, (active, values) in enumerate(_rows(stream.X)):
        x = values
        if active is ALL:
            said[t] = link(_standardised(values, mean, m2) @ W + b)
            delta = values - mean
            mean += delta / (t + 1)
            m2 += (delta * (values - mean) - m2) / (t + 1)
            x = _standardised(values, mean, m2)
        z = x @ W[active] + b
        if active is not ALL:
            said[t] = link(z)
        step = np.multiply(RATES, link(z) - stream.y[t])
        W[active] -= np.outer(x, step)
        b -= step
    return said


ALL = slice(None)


def _standardised(x: Predictions, mean: Predictions, variance: Predictions) -> Predictions:
    return np.divide(x - mean, np.sqrt(variance), out=np.zeros_like(x), where=variance > 0)


def _rows(X: Any) -> Iterator[tuple[Any, Predictions]]:
    """Yield the columns and values of every row."""
    if not sp.issparse(X):
        yield from ((ALL, x) for x in X)
        return
    for start, stop in zip(X.indptr[:-1].tolist(), X.indptr[1:].tolist(), strict=True):
        yield X.indices[start:stop], X.data[start:stop]


def _dictionaries(X: Any) -> Iterator[dict[int, float]]:
    for active, values in _rows(X):
        columns = range(len(values)) if active is ALL else active.tolist()
        yield dict(zip(columns, values.tolist(), strict=True))


CONTENDERS: dict[str, Callable[[Stream], Predictions | None]] = {
    "gradstream": gradstream,
    "scaler+SGD": scaler_and_sgd,
    "river": river,
    "VW": vowpal_wabbit,
    "best of 10 rates": best_of_ten_rates,
}


def quietly(contender: Callable[[Stream], Predictions | None], stream: Stream) -> Predictions | None:
    """Run a contender; one that gives up on overflow (scikit-learn's raises ValueError) said nothing finite."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return contender(stream)
        except (ValueError, OverflowError):
            return np.full(len(stream.y), np.nan)
