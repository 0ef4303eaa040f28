"""Files of save(): what they hold, how large they are, what they refuse, and that a kill leaves no half of one."""

import json
import os
import stat
import struct
import subprocess
import sys
import time
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import config_context
from sklearn.utils.estimator_checks import check_estimator

import gradstream
from estimator_data import features, labels, values
from gradstream import LinearClassifier, LinearRegressor, load
from gradstream.exceptions import SavedFileError
from gradstream.optim import OPTIMIZERS, SCHEDULES, AdaGrad
from gradstream.persistence import plain_copy, register
from gradstream.persistence.random_states import generator_from
from gradstream.persistence.replace import replace
from sanitized import measures
from saved_models import flat, known, stream

FILES = Path(__file__).parent / "data"
BANK_MARGIN, BLOCKS_MARGIN = 2.0837498807233494, 0.4452429720907635
PREFIX = struct.Struct("<8sIIQQ")


@pytest.fixture
def small(tmp_path):
    """A model of two columns and its file."""
    X = features(20, 2)
    model = LinearClassifier(optimizer="sgd").partial_fit(X, labels(X), classes=[0, 1])
    model.save(tmp_path / "model.gsm")
    return model, tmp_path / "model.gsm"


def refused(path, data, match=None):
    path.write_bytes(data)
    with pytest.raises(SavedFileError, match=match) as caught:
        load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def header_of(path):
    data = path.read_bytes()
    _, _, _, length, _ = PREFIX.unpack_from(data)
    return json.loads(data[PREFIX.size : PREFIX.size + length])


def with_header(path, change):
    """The file with another header, under a checksum that is right."""
    data = path.read_bytes()
    magic, version, _, length, _ = PREFIX.unpack_from(data)
    header = json.loads(data[PREFIX.size : PREFIX.size + length])
    change(header)
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + PREFIX.size) % 64)
    arrays = data[PREFIX.size + length :]
    total = PREFIX.size + len(text) + len(arrays)
    checksum = zlib.crc32(text, zlib.crc32(PREFIX.pack(magic, version, 0, len(text), total)))
    return PREFIX.pack(magic, version, checksum, len(text), total) + text + arrays


# What is in a file.


def test_the_layout_is_the_documented_one(small):
    model, path = small
    data = path.read_bytes()
    magic, version, _, length, total = PREFIX.unpack_from(data)
    assert magic == b"\x89GSM\r\n\x1a\n"
    assert version == 1
    assert total == len(data)
    assert (PREFIX.size + length) % 64 == 0
    header = header_of(path)
    assert header["gradstream"] == gradstream.__version__
    assert header["object"]["class"] == "gradstream.LinearClassifier"
    assert header["object"]["parameters"]["optimizer"] == "sgd"
    at = PREFIX.size + length
    table = header["object"]["state"]["model"]["table"]["array"]
    for number, entry in enumerate(header["arrays"]):
        size = np.dtype(entry["dtype"]).itemsize * int(np.prod(entry["shape"]))
        padded = -(-size // 64) * 64
        assert zlib.crc32(data[at : at + padded]) == entry["crc32"]
        if number == table:
            array = np.frombuffer(data[at : at + size], entry["dtype"]).reshape(entry["shape"])
            np.testing.assert_array_equal(array, model.get_state()["model"]["table"])
        at += padded
    assert at == total


def test_equal_models_have_equal_files(small, tmp_path):
    _, path = small
    again = tmp_path / "again.gsm"
    load(path).save(again)
    assert again.read_bytes() == path.read_bytes()


def test_no_pickle_is_read_or_written(small, monkeypatch):
    _, path = small
    for name in ("loads", "load", "dumps", "dump"):
        monkeypatch.setattr(f"pickle.{name}", None)
    load(path).save(path)


def test_thirty_features_are_small(tmp_path):
    X = features(3_000, 30)
    y = labels(X)
    for model in (
        LinearClassifier().fit(X, y),
        LinearClassifier().partial_fit(X, y, [0, 1]),
        LinearRegressor().fit(X, y),
    ):
        model.save(tmp_path / "model.gsm")
        assert (tmp_path / "model.gsm").stat().st_size < 10_000
    model = (
        LinearClassifier(batch_size=64, optimizer="adam", max_iter=5, tol=None).fit(X, y).partial_fit(X[:70], y[:70])
    )
    model.save(tmp_path / "model.gsm")
    assert (tmp_path / "model.gsm").stat().st_size < 10_000


@pytest.mark.parametrize("optimizer", ["auto", "sgd", "adagrad", "adam"])
def test_a_sparse_model_is_as_large_as_what_it_has_met(tmp_path, optimizer):
    rng = np.random.default_rng(0)
    met = 500
    X = sparse.csr_array((rng.normal(size=2_000), rng.integers(0, met, 2_000), np.arange(0, 2_001, 10)), (200, 2**20))
    X.sum_duplicates()
    model = LinearClassifier(optimizer=optimizer).partial_fit(X, np.arange(200) % 2, [0, 1])
    model.save(tmp_path / "model.gsm")
    assert (tmp_path / "model.gsm").stat().st_size < 150 * met
    loaded = load(tmp_path / "model.gsm")
    assert known(loaded) == known(model)
    y = np.arange(200) % 2
    assert known(loaded.partial_fit(X, y)) == known(model.partial_fit(X, y))


LABELS = [
    ["no", "yes"],
    ["é", "\u6c34\n"],
    [-1, 1],
    [1.0, 2.0],
    [False, True],
    np.array(["a", "b"], object),
    np.array([2, 300], np.int16),
]


@pytest.mark.parametrize("names", LABELS, ids=str)
def test_labels_come_back_with_their_type(small, tmp_path, names):
    names = np.asarray(names)
    X = features(30, 3)
    y = names[labels(X)]
    model = LinearClassifier().fit(X, y)
    model.save(tmp_path / "model.gsm")
    loaded = load(tmp_path / "model.gsm")
    assert loaded.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert type(loaded.predict_one(X[0])) is type(model.predict_one(X[0]))
    assert known(loaded.partial_fit(X, y)) == known(model.partial_fit(X, y))


def test_names_of_columns_come_back(tmp_path):
    pd = pytest.importorskip("pandas")  # of the test extra
    X = pd.DataFrame(features(30, 3), columns=["age", "größe", "x"])
    LinearRegressor().fit(X, values(X.to_numpy())).save(tmp_path / "model.gsm")
    loaded = load(tmp_path / "model.gsm")
    assert loaded.feature_names_in_.tolist() == ["age", "größe", "x"]
    loaded.predict(X)
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(X.rename(columns={"x": "y"}))


@pytest.mark.parametrize("cls", [*OPTIMIZERS.values(), *SCHEDULES.values()])
def test_every_optimizer_and_schedule_is_covered(tmp_path, cls):
    name = "optimizer" if cls in OPTIMIZERS.values() else "learning_rate"
    value = cls()
    for key, default in value.get_params().items():
        setattr(value, key, 0.25 if isinstance(default, float) else default)
    LinearClassifier(**{name: value}).save(tmp_path / "model.gsm")
    loaded = getattr(load(tmp_path / "model.gsm"), name)
    assert type(loaded) is cls
    assert loaded.get_params() == value.get_params()


def test_a_loaded_estimator_is_an_estimator(tmp_path):
    LinearRegressor(max_iter=50).save(tmp_path / "model.gsm")
    check_estimator(load(tmp_path / "model.gsm"), on_skip=None)


# Values.


def containers(inner):
    keys = st.text() | st.integers() | st.booleans()
    return st.lists(inner, max_size=12) | st.dictionaries(keys, inner, max_size=4) | st.tuples(inner, inner)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
PLAIN = st.recursive(SCALARS, containers, max_leaves=12)


@settings(max_examples=200)
@given(PLAIN)
def test_plain_values_come_back(value):
    assert repr(plain_copy(value, "value")) == repr(value)


@settings(max_examples=100)
@given(st.sampled_from("?bBhHiIlLqQefdFD"), st.integers(0, 2000), st.integers(0, 3), st.randoms(use_true_random=False))
def test_arrays_come_back_bit_by_bit(char, rows, zeros, rng):
    """Mostly alike as rows, the rest as they are; -0.0 and NaN are no zeros."""
    array = np.zeros((rows, 3), char)
    array[:, 1] = rng.choice([0, 1, -0.0])
    kept = np.random.default_rng(rng.randrange(2**32))
    for value in (1, -0.0, np.nan):
        if char in "efdFD" or value == 1:
            array[kept.random(rows) < 0.3 / (1 + 10 * zeros)] = value
    copied = plain_copy(array, "array")
    assert copied is not array
    assert (copied.dtype, copied.shape, copied.tobytes()) == (array.dtype, array.shape, array.tobytes())


@pytest.mark.parametrize("bits", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_generators_go_on(bits):
    generator = np.random.Generator(getattr(np.random, bits)(5))
    generator.random(3)
    legacy = np.random.RandomState(5)
    legacy.normal()
    for one in (generator, legacy):
        other = plain_copy(one, "generator")
        np.testing.assert_array_equal(other.normal(size=7), one.normal(size=7))


@pytest.mark.parametrize(
    ("bits", "name", "place"), [("MT19937", "pos", 625), ("MT19937", "pos", -1), ("Philox", "buffer_pos", 5)]
)
def test_generators_stay_in_their_buffers(bits, name, place):
    state = getattr(np.random, bits)(0).state
    (state["state"] if name == "pos" else state)[name] = place
    with pytest.raises(SavedFileError, match="place"):
        generator_from({"class": "Generator", "state": state})


def test_requests_and_callbacks_are_not_covered(tmp_path):
    with config_context(enable_metadata_routing=True):
        model = LinearRegressor().set_fit_request(sample_weight=True)
    with pytest.raises(TypeError, match=r"LinearRegressor._metadata_request = .* is of .* which is not saved"):
        model.save(tmp_path / "model.gsm")


class OwnAdaGrad(AdaGrad):
    """What no file can know."""


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"optimizer": OwnAdaGrad()}, "LinearClassifier.optimizer = OwnAdaGrad"),
        ({"random_state": np.random}, "LinearClassifier.random_state = <module"),
        ({"class_weight": {0: [object()]}}, r"LinearClassifier.class_weight\[0\] = <object"),
        ({"class_weight": {0: np.longdouble(2)}}, "class_weight"),
    ],
)
def test_what_is_not_covered_is_named(tmp_path, parameters, named):
    with pytest.raises(TypeError, match=named):
        LinearClassifier(**parameters).save(tmp_path / "model.gsm")
    assert not list(tmp_path.iterdir())


def test_subclasses_and_strangers_are_refused(tmp_path):
    class Own(LinearClassifier):
        pass

    for stranger in (Own(), 5):
        with pytest.raises(TypeError, match="not saved: only gradstream's own classes"):
            gradstream.persistence.save(stranger, tmp_path / "model.gsm")
    with pytest.raises(ValueError, match=r"stands for .* already"):
        register("gradstream.LinearClassifier", Own)


# Damage.


def test_every_flipped_byte_is_noticed(small):
    _, path = small
    data = path.read_bytes()
    masks = np.random.default_rng(0).integers(1, 256, len(data)).tolist()
    for at in range(len(data)):
        refused(path, data[:at] + bytes([data[at] ^ masks[at]]) + data[at + 1 :])


def test_every_truncation_and_every_byte_too_many_is_noticed(small):
    _, path = small
    data = path.read_bytes()
    for length in range(len(data)):
        refused(path, data[:length])
    for more in (b"\0", b"\0" * 64, data):
        refused(path, data + more, "it has .* bytes and should have")


def test_files_of_version_1_are_read():
    """Written when version 1 was new: who cannot read them any more has to raise a version and say so."""
    for name, margin in {"bank": BANK_MARGIN, "blocks": BLOCKS_MARGIN}.items():
        model = load(FILES / f"{name}_v1.gsm")
        assert model.n_samples_seen_ == 20
        assert model.decision_function(np.arange(12.0).reshape(4, 3))[3] == pytest.approx(margin, rel=1e-9)
        model.partial_fit(np.arange(12.0).reshape(4, 3), model.classes_[[0, 1, 0, 1]])
        assert model.n_samples_seen_ == 24


def test_what_is_wrong_is_said(small):
    _, path = small
    data = path.read_bytes()
    refused(path, b"", "does not begin as files written by save")
    refused(path, b"PK\x03\x04" + data[4:], "does not begin as files written by save")
    refused(path, data[:8] + b"\x02\0\0\0" + data[12:], "format version is 2, this gradstream reads version 1")
    refused(path, data[:-1] + b"\1", "array 11 is cut short or filled up")
    refused(path, data[:40] + b"?" + data[41:], "checksum of the header is wrong")
    with pytest.raises(FileNotFoundError):
        load(path.with_name("none.gsm"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h["object"].update({"class": "os.system"}), "class 'os.system', which this version"),
        (lambda h: h["object"].update({"class": "gradstream.linear_model.Unheard"}), "does not know"),
        (lambda h: h["object"].update({"class": ["x"]}), "which is no name"),
        (lambda h: h["object"]["parameters"].update(unheard=1), "unexpected keyword argument 'unheard'"),
        (lambda h: h["object"]["state"].update(fit=1), "state is a dictionary of fitted attributes"),
        (lambda h: h["object"]["state"].update(__class__=1), "state is a dictionary of fitted attributes"),
        (lambda h: h["object"]["state"].pop("model"), "state has no 'model'"),
        (lambda h: h["object"]["state"].pop("n_features_in_"), "an integer and a name are needed"),
        (lambda h: h["object"]["state"]["model"].pop("seed"), "has to have the keys"),
        (lambda h: h["object"]["state"]["model"]["spec"].update(loss="huber"), "not one of a LinearClassifier"),
        (lambda h: h["object"]["state"]["model"]["spec"].update(columns=3), "has shape"),
        (lambda h: h["object"]["state"]["model"]["table"].update({"$": "eval"}), "a value of kind 'eval'"),
        (lambda h: h["object"]["state"]["model"]["table"].update(array=99), "KeyError"),
        (lambda h: h["arrays"][0].update(shape=[10**12]), "more than the file holds"),
        (lambda h: h["arrays"][0].update(shape=[-1]), "more than the file holds"),
        (lambda h: h["arrays"][0].update(dtype="|O"), "which no file holds"),
        (lambda h: h["arrays"][0].update(dtype="<U0", shape=[10**12]), "more than the file holds"),
        (lambda h: h["arrays"].pop(), "bytes follow the last array"),
        (lambda h: h.pop("arrays"), "lists no arrays"),
        (lambda h: h.update(object=[]), "describes no object"),
    ],
)
def test_contents_that_make_no_sense_are_refused(small, change, message):
    _, path = small
    refused(path, with_header(path, change), message)


# At once or not at all.

KILLS = range(20, 151)  # at least, where the disk is slow; at most
KILLING = """
import os, random, signal, struct, sys, time
from gradstream import load

path, fewest, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(0)
begin = time.perf_counter()
for kills in range(most):
    if kills >= fewest and time.perf_counter() - begin > 20.0:
        break
    model = load(path)
    print(model.random_state, model.coef_.sum().hex(), flush=True)
    heard, said = os.pipe()
    child = os.fork()
    while child == 0:
        start = time.perf_counter()
        model.random_state += 1
        model.save(path)
        os.write(said, struct.pack("d", time.perf_counter() - start))
    os.close(said)
    for _ in range(rng.choice([1, 1, 2])):
        took, = struct.unpack("d", os.read(heard, 8))  # disks differ, and so does what else they have to do
    time.sleep(rng.uniform(0.0, took))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(heard)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows neither forks nor has a kill that cannot be caught")
def test_a_kill_leaves_the_old_or_the_new_file(tmp_path):
    """A process saves in a loop until it is killed; whatever is there then is loaded, and saved by the next."""
    path = tmp_path / "model.gsm"
    X = features(50, 3_000)
    LinearRegressor(random_state=0).partial_fit(X, values(X)).save(path)
    command = [sys.executable, "-c", KILLING, path, str(KILLS[0]), str(KILLS[-1])]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    seen = [int(line.split()[0]) for line in lines]
    assert len(seen) in KILLS
    assert all(before < after for before, after in pairwise(seen))  # every child got to save
    assert len({line.split()[1] for line in lines}) == 1
    drafts = [file.name for file in tmp_path.iterdir() if file != path]
    assert drafts  # some were killed while writing
    assert all(name.startswith(".model.gsm.") and name.endswith(".tmp") for name in drafts)


def test_a_save_that_fails_leaves_the_old_file(small, monkeypatch):
    model, path = small
    before = path.read_bytes()
    model.random_state = 5
    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space left"):
                model.save(path)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]
    with pytest.raises(FileNotFoundError):
        model.save(path.parent / "no folder" / "model.gsm")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other modes, and links need a privilege")
def test_modes_and_links_stay(small, tmp_path):
    model, path = small
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    link = tmp_path / "latest.gsm"
    link.symlink_to(path.name)
    model.random_state = 3
    model.save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert load(path).random_state == 3


@measures
def test_loading_takes_milliseconds(tmp_path):
    X, y = stream("log_loss", "dense")
    LinearClassifier().fit(X, y).save(tmp_path / "model.gsm")
    times = []
    for _ in range(20):
        start = time.perf_counter()
        load(tmp_path / "model.gsm")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.01


def test_states_flatten_to_all_they_hold():
    assert flat({"a": [np.zeros(2), {"b": 1}]}, "") == {
        ".a[0]": ((2,), "<f8", bytes(16)),
        ".a[1].b": (int, "1"),
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other modes")
@pytest.mark.parametrize(("umask", "old"), [(0o022, None), (0o077, None), (0o022, 0o600), (0o077, 0o644), (0, 0o640)])
def test_what_is_being_written_is_open_to_nobody_new(tmp_path, umask, old):
    path = tmp_path / "model.gsm"
    if old is not None:
        path.touch()
        path.chmod(old)
    drafts = []

    def write(stream):
        stream.write(b"secret")
        drafts.extend(stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("*.tmp"))
        drafts.extend(stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob(".*.tmp"))

    before = os.umask(umask)
    try:
        replace(path, write)
    finally:
        os.umask(before)
    mode = stat.S_IMODE(path.stat().st_mode)
    assert mode == (0o666 & ~umask if old is None else old)
    assert drafts
    assert all(draft & ~mode == 0 for draft in drafts)
