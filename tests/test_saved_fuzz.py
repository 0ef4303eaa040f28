"""Whatever becomes of a file: it loads, or there is a SavedFileError; no crash, no huge memory, nothing executed."""

import contextlib
import copy
import json
import random
import struct
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest

from gradstream import LinearClassifier, LinearRegressor, load
from gradstream.exceptions import SavedFileError
from gradstream.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor
from gradstream.optim import Adam, InvScaling
from saved_models import D, learn, named, stream

PREFIX = struct.Struct("<8sIIQQ")
DAMAGED, CHANGED = 90, 60  # files of each kind, with checksums that are wrong and right
MEMORY = 200_000_000  # bytes: one of the models would have 2^22 columns


def waiting():
    X, y = stream("squared_error", "sparse")
    model = LinearRegressor(optimizer="sgd", random_state=0)
    model.progressive_fit(X, y, delay=3)
    return model


def streamed(optimizer, layout, n_classes=2, **parameters):
    X, y = stream("log_loss", layout, n_classes)
    return learn(named("log_loss", optimizer, **parameters), X, y, n_classes)


X, Y = stream("log_loss", "dense")
MODELS = {
    "bank": lambda: streamed("bank", "dense", 3),
    "sparse bank": lambda: streamed("bank", "sparse"),
    "sparse adagrad": lambda: streamed("adagrad", "sparse", 3, penalty="elasticnet", standardize=True),
    "sparse sgd": lambda: streamed("sgd", "sparse", 2),
    "sparse blocks": lambda: streamed("adam", "sparse", 2, batch_size=7),
    "blocks": lambda: LinearClassifier(optimizer=Adam(), learning_rate=InvScaling(), batch_size=7).partial_fit(
        X, Y, [0, 1]
    ),
    "fit": lambda: LinearRegressor(random_state=np.random.RandomState(0)).fit(X, X[:, 0]),
    "words": lambda: LinearClassifier(class_weight={"no": 2.0}).fit(X, np.array(["no", "yes"])[Y]),
    "waiting": waiting,
    "frozen": lambda: streamed("bank", "dense").frozen(),
    "SGDClassifier": lambda: SGDClassifier(penalty="l1", average=True, random_state=0).fit(X, Y),
    "sparsified": lambda: SGDClassifier(penalty="l1", random_state=0).fit(X, Y).sparsify(),
    "SGDRegressor": lambda: SGDRegressor(learning_rate="adaptive", random_state=0).fit(X, X[:, 0]),
    "Perceptron": lambda: Perceptron(random_state=0).fit(X, Y),
    "SGDOneClassSVM": lambda: SGDOneClassSVM(random_state=0).fit(X),
}


def tried(path, data):
    """The model, if there is one; it is asked and taught, and neither may bring the process down."""
    path.write_bytes(data)
    tracemalloc.reset_peak()
    model, said = None, ""
    try:
        model = load(path)
    except SavedFileError as error:
        said = str(error)
    assert tracemalloc.get_traced_memory()[1] < MEMORY
    if model is None:
        assert str(path) in said
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in (lambda: model.predict(X), lambda: model.partial_fit(X, Y), lambda: model.flush()):
            with contextlib.suppress(ValueError, TypeError, AttributeError, ArithmeticError, LookupError):
                call()  # parameters are checked when they are used
    return model


@pytest.fixture
def traced():
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.parametrize("kind", MODELS)
def test_damage_is_refused(tmp_path, traced, kind):
    """Bytes that are flipped, filled, cut out, put in, moved."""
    path, rng = tmp_path / "model.gsm", random.Random(kind)
    MODELS[kind]().save(path)
    data = path.read_bytes()
    for _ in range(DAMAGED):
        damaged, at, length = bytearray(data), rng.randrange(len(data)), rng.choice([1, 1, 4, 8, 64])
        how = rng.randrange(5)
        if how == 0:
            damaged[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            damaged[at : at + length] = rng.choice([b"\xff", b"\0", b"9"]) * len(damaged[at : at + length])
        elif how == 2:
            del damaged[at : at + length]
        elif how == 3:
            damaged[at:at] = rng.randbytes(length)
        else:
            del damaged[at:]
        assert bytes(damaged) == data or tried(path, bytes(damaged)) is None


HUGE = np.float64(1e300).tobytes()
NASTY = [
    *(None, True, -1, 0, 1, 7, 2**31, 2**70, -1e308, 0.5, "", "x", "bank", "hinge", "<f8", [], {}, [10**12], [-1, 3]),
    {"$": "float", "value": "nan"},
    {"$": "rows", "shape": [2**50], "rows": 0, "values": 1},
    {"$": "array", "array": 0},
    {"$": "tuple", "items": []},
    {"$": "object", "class": "os.system", "parameters": {"command": "touch executed"}},
    {"$": "generator", "state": {"class": "Generator", "state": {"bit_generator": "PCG64", "state": 1}}},
]


def places(value):
    """Everything inside a header, as (container, key)."""
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(entry, dict | list):
            yield from places(entry)


def changed(data, rng):
    """The file with something else in its header or its arrays, under checksums that are right."""
    magic, version, _, length, _ = PREFIX.unpack_from(data)
    header = json.loads(data[PREFIX.size : PREFIX.size + length])
    arrays, at = [], PREFIX.size + length
    for entry in header["arrays"]:
        size = np.dtype(entry["dtype"]).itemsize * int(np.prod(entry["shape"]))
        arrays.append(bytearray(data[at : at + size]))
        at += -(-size // 64) * 64
    entries, pieces = list(header["arrays"]), list(header["object"].values())
    for _ in range(rng.choice([1, 1, 2])):
        if rng.random() < 0.4:
            array = rng.choice([array for array in arrays if array])
            at, some = rng.randrange(len(array)), rng.choice([rng.randbytes(8), b"\0" * 8, b"\xff" * 8, HUGE])
            array[at - at % 8 : at - at % 8 + 8] = some[: len(array) - (at - at % 8)]
        else:
            container, key = rng.choice(list(places(header)))
            if rng.random() < 0.2:
                del container[key]
            else:
                container[key] = copy.deepcopy(rng.choice([*NASTY, rng.choice(pieces)]))
    for entry, array in zip(entries, arrays, strict=True):
        array += bytes(-len(array) % 64)
        entry["crc32"] = zlib.crc32(array)
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + PREFIX.size) % 64)
    body = b"".join(arrays)
    total = PREFIX.size + len(text) + len(body)
    checksum = zlib.crc32(text, zlib.crc32(PREFIX.pack(magic, version, 0, len(text), total)))
    return PREFIX.pack(magic, version, checksum, len(text), total) + text + body


@pytest.mark.parametrize("kind", MODELS)
def test_contents_that_were_changed_load_or_are_refused(tmp_path, traced, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path, rng = tmp_path / "model.gsm", random.Random(kind)
    MODELS[kind]().save(path)
    data = path.read_bytes()
    models = [tried(path, changed(data, rng)) for _ in range(CHANGED)]
    assert models.count(None) > CHANGED / 5
    assert not (tmp_path / "executed").exists()


def test_rows_that_are_left_out_need_memory_that_is_there(tmp_path, traced):
    """A sparse model's file grows with what it has met; how many columns there are is only a number in it."""
    X, y = stream("log_loss", "sparse")
    X.resize(X.shape[0], 2**16)
    path = tmp_path / "model.gsm"
    LinearClassifier(optimizer="sgd").partial_fit(X, y, [0, 1]).save(path)
    data = path.read_bytes()
    for columns in (2**44, 2**62, 2**80):
        text = data[: data.rindex(b'"arrays"')]
        assert str(2**16).encode() in text
        magic, version, _, length, total = PREFIX.unpack_from(data)
        header = data[PREFIX.size : PREFIX.size + length].replace(str(2**16).encode(), str(columns).encode())
        header += b" " * (-(len(header) + PREFIX.size) % 64)
        total += len(header) - length
        checksum = zlib.crc32(header, zlib.crc32(PREFIX.pack(magic, version, 0, len(header), total)))
        prefix = PREFIX.pack(magic, version, checksum, len(header), total)
        path.write_bytes(prefix + header + data[PREFIX.size + length :])
        with pytest.raises(SavedFileError, match="more memory than there is"):
            load(path)
    assert D < 2**16
