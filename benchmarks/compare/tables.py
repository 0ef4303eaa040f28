"""Published data sets as users have them, from a folder that the user names: tables, text, sparse rows, arrays.

Tables are ``NAME.csv.gz`` (only an empty field is missing), sparse sets ``NAME.svm.gz``, arrays ``NAME.npz`` with X, y.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_svmlight_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MOST_LEVELS = 100  # of a category, to become columns of 0 and 1 that are written down
WIDEST_DENSE = 1_000


@dataclass(frozen=True)
class DataSet:
    """Where the target is, and what else must not be in X: columns that number the rows or give the target away."""

    name: str
    task: str  # "binary", "multiclass", "regression" or "counts"
    target: str = ""
    drop: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, eq=False)
class Encoded:
    """X in one of the ways users prepare it: "raw", "scaled", "sparse", "tfidf"; y as published."""

    encoding: str
    X: Any
    y: NDArray[Any]


DATA_SETS = (
    DataSet("a9a", "binary"),
    DataSet("higgs_small", "binary", "target", ("split",)),
    DataSet("agaricus", "binary"),
    DataSet("spambase", "binary", "class"),
    DataSet("bank_marketing", "binary", "y"),
    DataSet("german_credit", "binary", "class"),
    DataSet("mammography", "binary", "target"),
    DataSet("heart_scale", "binary"),
    DataSet("leukemia", "binary"),
    DataSet("sms_spam", "binary", "label", text="text"),
    DataSet("rt_polarity", "binary", "label", text="text"),
    DataSet("trec", "multiclass", "label", text="text"),
    DataSet("newsgroups4", "multiclass", "label", text="text"),
    DataSet("rcv1_small", "binary"),
    DataSet("basehock", "binary"),
    DataSet("mnist3k", "multiclass"),
    DataSet("letter", "multiclass", "letter"),
    DataSet("pendigits", "multiclass", "class"),
    DataSet("shuttle14k", "multiclass", "target"),
    DataSet("wine_quality", "multiclass", "quality"),
    DataSet("california_housing", "regression", "median_house_value"),
    DataSet("bike_hour", "counts", "cnt", ("instant", "dteday", "casual", "registered")),
    DataSet("abalone", "counts", "rings"),
    DataSet("concrete", "regression", "strength"),
    DataSet("ccpp", "regression", "PE"),
    DataSet("airfoil", "regression", "sound_pressure"),
    DataSet("cpu_small", "regression", "usr"),
    DataSet("insurance", "regression", "charges"),
    DataSet("aus_motor_claims", "counts", "ClaimNb", ("ClaimOcc", "ClaimAmount")),
    DataSet("french_motor_claims", "binary", "ClaimInd", ("ClaimAmount", "RecordBeg", "RecordEnd")),
    DataSet("elec2", "binary", "class"),
    DataSet("weather_noaa", "binary", "rain"),
    DataSet("insects_gradual", "multiclass"),
    DataSet("powersupply", "multiclass", "hour"),
    DataSet("airlines_jan2007", "regression", "ArrDelay", ("ActualElapsedTime",)),
    DataSet("luxembourg", "binary", "target"),
    DataSet("phishing_stream", "binary", "target"),
    DataSet("spam_stream", "binary"),
    DataSet("criteo_8k", "binary", "Label", ("split",)),
    DataSet("movielens100k", "regression", "rating"),
)
IDENTIFIERS = {"movielens100k": ("user", "item"), "criteo_8k": tuple(f"C{i}" for i in range(1, 27))}


def encodings(folder: Path, data_set: DataSet, n_rows: int) -> Iterator[Encoded]:
    """Yield at most so many rows in every encoding that suits; raises FileNotFoundError when the file is absent."""
    X, y = _stored(folder, data_set)
    order = np.random.default_rng(0).permutation(len(y))[:n_rows]
    y = y[order]
    if isinstance(X, pd.DataFrame):
        yield from _of_a_table(X.iloc[order].reset_index(drop=True), y)
    elif isinstance(X, pd.Series):
        yield Encoded("tfidf", sp.csr_array(TfidfVectorizer().fit_transform(X.iloc[order])), y)
    elif sp.issparse(X):
        X = sp.csr_array(X[order])
        yield Encoded("sparse", X, y)
        if X.shape[1] <= WIDEST_DENSE:
            yield Encoded("raw", X.toarray(), y)
    else:
        X = X[order]
        yield Encoded("raw", X, y)
        yield Encoded("scaled", StandardScaler().fit_transform(X), y)


def _stored(folder: Path, data_set: DataSet) -> tuple[Any, NDArray[Any]]:
    table, rows, arrays = (folder / f"{data_set.name}.{end}" for end in ("csv.gz", "svm.gz", "npz"))
    if rows.is_file():
        X, y = load_svmlight_file(str(rows), zero_based=False)
        return X, y
    if arrays.is_file():
        with np.load(arrays) as stored:
            return stored["X"].astype(np.float64), stored["y"]
    if not table.is_file():
        raise FileNotFoundError(f"{data_set.name} is not in the folder")
    frame = pd.read_csv(table, keep_default_na=False, na_values=[""], low_memory=False)
    frame = frame[frame[data_set.target].notna()]
    y = frame[data_set.target].to_numpy()
    y = y.astype(np.float64) if data_set.task in ("regression", "counts") else np.asarray(y.tolist())
    if data_set.text:
        return frame[data_set.text].astype(str), y
    X = frame.drop(columns=[name for name in (data_set.target, *data_set.drop) if name in frame])
    identifiers = [name for name in IDENTIFIERS.get(data_set.name, ()) if name in X]
    return X.astype(dict.fromkeys(identifiers, "object")), y


def _of_a_table(X: pd.DataFrame, y: NDArray[Any]) -> Iterator[Encoded]:
    numbers, words = make_column_selector(dtype_include="number"), make_column_selector(dtype_exclude="number")
    few = [name for name in words(X) if X[name].nunique() <= MOST_LEVELS]
    written_down = make_column_transformer(
        (SimpleImputer(strategy="median"), numbers),
        (OneHotEncoder(sparse_output=False), few),
    )
    raw = np.ascontiguousarray(written_down.fit_transform(X), np.float64)
    yield Encoded("raw", raw, y)
    pipeline = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers), (OneHotEncoder(), words)
    )
    scaled = pipeline.fit_transform(X)
    yield Encoded("sparse" if sp.issparse(scaled) else "scaled", scaled, y)
