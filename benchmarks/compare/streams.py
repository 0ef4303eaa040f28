"""Fourteen public streams, encoded the same way for every contender, from a folder that the user names.

The files are the published sets by these names: tables as ``NAME.csv.gz`` (only an empty field is missing), sparse ones
as ``NAME.svm.gz``, arrays as ``NAME.npz`` with X and y. Numbers stay as they are, strings become columns of 0 and 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.datasets import load_svmlight_file
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import HashingVectorizer

N_HASHED = 2**18


@dataclass(frozen=True, eq=False)
class Stream:
    """X (n, d), dense or CSR, and y (n,): 0.0 and 1.0 where ``binary``, else the target of a regression."""

    name: str
    X: Any
    y: NDArray[np.float64]
    binary: bool


@dataclass(frozen=True)
class Recipe:
    """How the rows of one file become X and y."""

    file: str
    rows: Callable[[Path], tuple[Any, Any]]
    binary: bool
    shuffled: bool = False  # sets without an order in time


def read(folder: Path, name: str, n_rows: int) -> Stream:
    """Read the first rows of a stream; columns that are zero throughout are left out.

    Raises FileNotFoundError when the folder lacks its file.
    """
    recipe = RECIPES[name]
    if not (folder / recipe.file).is_file():
        raise FileNotFoundError(f"{recipe.file} is not in the folder")
    X, y = recipe.rows(folder / recipe.file)
    y = np.asarray(y, np.float64)
    if recipe.shuffled:
        order = np.random.default_rng(0).permutation(len(y))
        X, y = X[order], y[order]
    X, y = X[:n_rows], y[:n_rows]
    return Stream(name, _used_columns(X) if sp.issparse(X) else np.ascontiguousarray(X, np.float64), y, recipe.binary)


def _used_columns(X: Any) -> sp.csr_array:
    X = sp.csr_array(X, dtype=np.float64)
    X.sum_duplicates()
    X.eliminate_zeros()
    return sp.csr_array(X[:, np.flatnonzero(np.bincount(X.indices, minlength=X.shape[1]))])


def _table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False)


def _one_hot(columns: pd.DataFrame, categories: list[str]) -> NDArray[np.float64]:
    """Return the numbers as they are, then a column for each level of each category."""
    levels = pd.get_dummies(columns[categories].astype(str), dtype=np.float64)
    return pd.concat([columns.drop(columns=categories).astype(np.float64), levels], axis=1).to_numpy()


def _numbers(target: str, positive: Any = 1) -> Callable[[Path], tuple[Any, Any]]:
    def rows(path: Path) -> tuple[Any, Any]:
        table = _table(path)
        return table.drop(columns=target).to_numpy(np.float64), table[target] == positive

    return rows


def _spam(path: Path) -> tuple[Any, Any]:
    X, y = load_svmlight_file(str(path), zero_based=False)
    return X, y > 0


def _adult(path: Path) -> tuple[Any, Any]:
    """Both published files, train then test."""
    files = [path, path.with_name("a9a_test.svm.gz")]
    parts = [load_svmlight_file(str(file), n_features=123, zero_based=False) for file in files if file.is_file()]
    return sp.vstack([X for X, _ in parts], format="csr"), np.concatenate([y for _, y in parts]) > 0


def _insects(path: Path) -> tuple[Any, Any]:
    """The most frequent class against the rest."""
    with np.load(path) as arrays:
        X, y = arrays["X"], arrays["y"]
    classes, counts = np.unique(y, return_counts=True)
    return X, y == classes[counts.argmax()]


def _bank(path: Path) -> tuple[Any, Any]:
    table = _table(path)
    columns = table.drop(columns="y")
    return _one_hot(columns, [name for name in columns if columns[name].dtype.kind not in "if"]), table["y"] == "yes"


def _airlines(path: Path) -> tuple[Any, Any]:
    """CSR, as scikit-learn's ColumnTransformer makes of so many levels; the elapsed time gives the delay away."""
    table = _table(path)
    columns = table.drop(columns=["ArrDelay", "ActualElapsedTime"], errors="ignore")
    return sp.csr_array(_one_hot(columns, ["UniqueCarrier", "Origin", "Dest"])), table["ArrDelay"]


def _airlines_late(path: Path) -> tuple[Any, Any]:
    X, delay = _airlines(path)
    return X, delay > 15


def _messages(path: Path) -> tuple[Any, Any]:
    table = _table(path)
    words = HashingVectorizer(n_features=N_HASHED, alternate_sign=False)
    return words.transform(table["text"].astype(str)), table["label"] == "spam"


def _clicks(path: Path) -> tuple[Any, Any]:
    """Thirteen counts as they are (missing: 0) beside hashed categories (missing: absent)."""
    table = _table(path)
    counts = table[[f"I{i}" for i in range(1, 14)]].fillna(0.0).to_numpy(np.float64)
    categories = [f"C{i}" for i in range(1, 27)]
    tokens = [
        [f"{name}={value}" for name, value in zip(categories, row, strict=True) if isinstance(value, str)]
        for row in table[categories].astype(object).to_numpy()
    ]
    hasher = FeatureHasher(N_HASHED, input_type="string", alternate_sign=False)
    return sp.hstack([sp.csr_array(counts), hasher.transform(tokens)], format="csr"), table["Label"]


def _bikes(path: Path) -> tuple[Any, Any]:
    table = _table(path)
    columns = table.drop(columns=["instant", "dteday", "casual", "registered", "cnt"], errors="ignore")
    return _one_hot(columns, ["season", "mnth", "hr", "weekday", "weathersit"]), table["cnt"]


def _ratings(path: Path) -> tuple[Any, Any]:
    table = _table(path)
    return sp.csr_array(_one_hot(table[["user", "item"]], ["user", "item"])), table["rating"]


def _houses(path: Path) -> tuple[Any, Any]:
    table = _table(path)
    table["total_bedrooms"] = table["total_bedrooms"].fillna(table["total_bedrooms"].median())
    return _one_hot(table.drop(columns="median_house_value"), ["ocean_proximity"]), table["median_house_value"]


RECIPES = {
    "elec2": Recipe("elec2.csv.gz", _numbers("class", "UP"), True),
    "weather_noaa": Recipe("weather_noaa.csv.gz", _numbers("rain"), True),
    "phishing_stream": Recipe("phishing_stream.csv.gz", _numbers("target"), True),
    "spam_stream": Recipe("spam_stream.svm.gz", _spam, True),
    "insects_gradual": Recipe("insects_gradual.npz", _insects, True),
    "bank_marketing": Recipe("bank_marketing.csv.gz", _bank, True),
    "airlines_late": Recipe("airlines_jan2007.csv.gz", _airlines_late, True),
    "sms_spam": Recipe("sms_spam.csv.gz", _messages, True),
    "criteo_8k": Recipe("criteo_8k.csv.gz", _clicks, True),
    "a9a": Recipe("a9a.svm.gz", _adult, True, shuffled=True),
    "bike_hour": Recipe("bike_hour.csv.gz", _bikes, False),
    "airlines_delay": Recipe("airlines_jan2007.csv.gz", _airlines, False),
    "movielens100k": Recipe("movielens100k.csv.gz", _ratings, False),
    "california_housing": Recipe("california_housing.csv.gz", _houses, False, shuffled=True),
}
