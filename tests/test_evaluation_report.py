"""The report: baselines by hand, points, memory, text, table and figure."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, log_loss

from estimator_data import features, labels, standard, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream.evaluation import METRICS, ProgressiveDisplay, ProgressiveReport, progress, progressive_validate

X = standard(features(3_000, 4))
Y = labels(X)
RTOL = 1e-12


@pytest.fixture(scope="module")
def report():
    return progressive_validate(LinearClassifier(), X, Y, metrics=["accuracy", "roc_auc", "log_loss"], every=500)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weights", [None, np.random.default_rng(0).uniform(0, 2, 300)])
def test_baselines_of_labels_by_hand(n_classes, weights):
    y, s = labels(X, n_classes)[:300], np.ones(300) if weights is None else weights
    names = ["accuracy", "log_loss", "brier", "roc_auc"]
    report = progressive_validate(
        LinearClassifier(), X[:300], y, sample_weight=weights, metrics=names, window=None, fading=None, every=1
    )
    seen, repeats, followers = np.zeros(n_classes), 0.0, 0.0
    majority, last, p_majority, p_last = [], [], [], []
    for i in range(1, 300):
        seen[y[i - 1]] += s[i - 1]
        majority.append(seen.argmax())
        p_majority.append((seen + 1) / (seen.sum() + n_classes))
        stay = (repeats + 1) / (followers + 2)
        last.append(y[i - 1])
        p_last.append(np.where(np.arange(n_classes) == y[i - 1], stay, (1 - stay) / (n_classes - 1)))
        repeats, followers = repeats + (y[i] == y[i - 1]) * s[i], followers + s[i]
    for name, said, p in (("majority", majority, p_majority), ("last_label", last, p_last)):
        scores = report.baselines[name].scores
        assert scores["accuracy"] == pytest.approx(np.average(said == y[1:], weights=s[1:]), rel=RTOL)
        assert scores["log_loss"] == pytest.approx(log_loss(y[1:], np.array(p), sample_weight=s[1:]), rel=RTOL)
        squares = ((np.array(p) - (np.arange(n_classes) == y[1:, None])) ** 2).sum(axis=1)
        half = 0.5 if n_classes == 2 else 1.0
        assert scores["brier"] == pytest.approx(half * np.average(squares, weights=s[1:]), rel=RTOL)
        assert np.isnan(report.baselines[name].cumulative["accuracy"][0])  # the first row has nothing before it
    assert report.baselines["majority"].scores["roc_auc"] == pytest.approx(0.5, rel=RTOL)
    if n_classes == 2:
        balanced = balanced_accuracy_score(y[1:], last, sample_weight=s[1:])
        assert report.baselines["last_label"].scores["roc_auc"] == pytest.approx(balanced, rel=RTOL)


@pytest.mark.parametrize("weights", [None, np.random.default_rng(0).uniform(0, 2, 300)])
def test_baselines_of_values_by_hand(weights):
    y, s = values(X)[:300], np.ones(300) if weights is None else weights
    report = progressive_validate(LinearRegressor(), X[:300], y, sample_weight=weights, metrics=["mae", "rmse"])
    mean = np.cumsum(y * s)[:-1] / np.cumsum(s)[:-1]
    for name, said in (("mean", mean), ("last_value", y[:-1])):
        mae = np.average(np.abs(said - y[1:]), weights=s[1:])
        assert report.baselines[name].scores["mae"] == pytest.approx(mae, rel=RTOL)
        rmse = np.sqrt(np.average((said - y[1:]) ** 2, weights=s[1:]))
        assert report.baselines[name].scores["rmse"] == pytest.approx(rmse, rel=RTOL)


def test_a_mean_of_zeros_is_half_an_event():
    y = np.array([0.0, 0, 0, 2])
    report = progressive_validate(LinearRegressor("poisson"), X[:4], y, metrics="mean_poisson_deviance", every=1)
    curve = report.baselines["mean"].cumulative["mean_poisson_deviance"]
    rates = [0.5, 0.25, 1 / 6]
    deviances = [2 * rates[0], 2 * rates[1], 2 * (2 * np.log(2 / rates[2]) - 2 + rates[2])]
    assert curve[1:] == pytest.approx(np.cumsum(deviances) / [1, 2, 3], rel=RTOL)


def test_points_of_known_length():
    for n in (1, 7, 200, 399, 3_000):
        rows = progressive_validate(LinearClassifier(), X[:n], Y[:n], classes=[0, 1]).rows
        assert rows[-1] == n
        assert (np.diff(rows) > 0).all()
        assert min(n, 200) <= len(rows) <= 400


@pytest.mark.parametrize("n_chunks", [1, 5, 30, 200])
def test_points_of_streams(n_chunks):
    """No one knows how long a stream is: points thin out, and those that are left are exact."""
    stream = ((X, Y) for _ in range(n_chunks))
    report = progressive_validate(LinearClassifier(), stream, classes=[0, 1], metrics="accuracy", window=777)
    n = n_chunks * len(X)
    assert report.n_rows == n
    assert 100 <= len(report.rows) <= 401
    hits = []
    model = LinearClassifier()
    for _ in range(n_chunks):
        hits.append(model.progressive_fit(X, Y, [0, 1], method="predict") == Y)
    sums = np.append(0, np.cumsum(np.concatenate(hits)))
    np.testing.assert_allclose(report.cumulative["accuracy"], sums[report.rows] / report.rows, rtol=RTOL)
    begin = np.maximum(report.rows - 777, 0)
    expected = (sums[report.rows] - sums[begin]) / (report.rows - begin)
    np.testing.assert_allclose(report.rolling["accuracy"], expected, rtol=RTOL)


def test_memory_does_not_grow_with_the_stream():
    names = [name for name, metric in METRICS.items() if metric.task == "classification" and name != "roc_auc"]

    def peak(n_chunks):
        stream = ((X, Y) for _ in range(n_chunks))
        tracemalloc.start()
        progressive_validate(LinearClassifier(), stream, classes=[0, 1], metrics=names)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(20)
    assert peak(200) < 1.2 * peak(40)


def test_whole_metrics_forget_streams_that_are_too_long(monkeypatch):
    monkeypatch.setattr("gradstream.evaluation.scoreboard.WHOLE_ROWS", 10_000)
    run = lambda n: progressive_validate(  # noqa: E731
        LinearClassifier(), ((X, Y) for _ in range(n)), classes=[0, 1], metrics="roc_auc"
    )
    assert run(3).scores["roc_auc"] > 0.5
    long = run(4)
    assert np.isnan(long.scores["roc_auc"])
    assert np.isfinite(long.rolling["roc_auc"][-1])


def test_curves_can_be_left_out():
    report = progressive_validate(LinearClassifier(), X, Y, window=None, fading=None)
    assert report.rolling == {}
    assert report.fading == {}
    assert set(report.to_frame()["curve"]) == {"cumulative"}
    assert "last" not in report.summary().splitlines()[2].replace("last label", "")


def test_frame(report):
    frame = report.to_frame()
    assert frame.index.name == "row"
    assert list(frame.columns) == ["metric", "curve", "value", "majority", "last_label"]
    assert set(frame["curve"]) == {"cumulative", "rolling", "fading"}
    rolling = frame[(frame["metric"] == "log_loss") & (frame["curve"] == "rolling")]
    assert rolling.index.tolist() == report.rows.tolist()
    assert (rolling["value"] == report.rolling["log_loss"]).all()
    assert (rolling["majority"] == report.baselines["majority"].rolling["log_loss"]).all()
    areas = frame[(frame["metric"] == "roc_auc") & (frame["curve"] == "cumulative")]
    assert areas.index.tolist() == [3_000]  # known at the end only


def test_summary(report):
    text = report.summary()
    lines = text.splitlines()
    assert lines[0] == "LinearClassifier: 3,000 rows, each predicted before it was learnt"
    assert lines[2].split("  ")[0] == "metric"
    assert all(word in lines[2] for word in ("score", "last 1,000 rows", "majority class", "last label"))
    accuracy = next(line for line in lines if line.startswith("accuracy (+)"))
    assert f"{report.scores['accuracy']:.4f}" in accuracy
    assert f"{report.baselines['majority'].scores['accuracy']:.4f}" in accuracy
    assert len({len(line) for line in lines[2:6]}) == 1
    assert "rows/s" in lines[-1]
    assert "labels 3 rows late" in progressive_validate(LinearClassifier(), X, Y, delay=3).summary()


def test_what_else_a_report_says(report):
    assert isinstance(report, ProgressiveReport)
    assert report.metrics == ("accuracy", "roc_auc", "log_loss")
    assert repr(report).startswith("ProgressiveReport(LinearClassifier, 3000 rows: accuracy=0.")
    assert report.seconds_learning > 0
    assert report.seconds_scoring > 0
    seconds = report.seconds_learning + report.seconds_scoring
    assert report.rows_per_second == pytest.approx(3_000 / seconds)
    assert (report.window, report.decay, report.delay) == (1000, 0.999, 0)
    assert progressive_validate(LinearRegressor(), X, values(X)).classes_ is None


@pytest.fixture
def plt():
    matplotlib = pytest.importorskip("matplotlib", reason="figures are optional")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


def test_display(report, plt):
    display = report.plot(metric="log_loss")
    assert display.figure_ is display.ax_.figure
    assert display.line_.get_ydata().tolist() == report.rolling["log_loss"].tolist()
    assert display.line_.get_xdata().tolist() == report.rows.tolist()
    assert display.ax_.get_ylabel() == "log loss, last 1,000 rows"
    assert [line.get_label() for line in display.baseline_lines_] == ["majority class", "last label"]
    assert report.plot(curve="cumulative").ax_.get_ylabel() == "accuracy, all rows so far"


def test_displays_share_axes(report, plt):
    ax = plt.subplots()[1]
    one = ProgressiveDisplay.from_report(report, metric="log_loss", curve="fading", ax=ax, name="one", color="C3")
    two = ProgressiveDisplay.from_report(report, metric="log_loss", curve="fading", ax=ax, name="two")
    assert one.ax_ is two.ax_ is ax
    assert one.line_.get_color() == "C3"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "majority class", "last label", "two"]
    assert two.baseline_lines_ == []


def test_display_leaves_the_estimator_as_it_is(plt):
    model = LinearClassifier().partial_fit(X[:10], Y[:10], [0, 1])
    display = ProgressiveDisplay.from_estimator(model, X, Y, metric="accuracy", window=100)
    assert model.n_samples_seen_ == 10
    assert display.name == "LinearClassifier"
    assert display.ax_.get_ylabel() == "accuracy, last 100 rows"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "mae"}, "metric='mae': the report has 'accuracy', 'roc_auc', 'log_loss'"),
        ({"curve": "rolled"}, "curve='rolled': allowed are 'rolling', 'cumulative', 'fading'"),
        ({"curve": "fading", "metric": "roc_auc"}, "of 'roc_auc' the report has 'rolling', 'cumulative'"),
    ],
)
def test_curves_that_are_not_there(report, options, message):
    with pytest.raises(ValueError, match=message):
        report.plot(**options)


def test_without_matplotlib_figures_say_what_is_missing(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"gradstream\[plot\]"):
        report.plot()


def test_without_pandas_frames_say_what_is_missing(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="needs pandas"):
        report.to_frame()


def test_progress_bar(monkeypatch, capsys):
    pytest.importorskip("rich", reason="the bar is optional")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    progressive_validate(LinearClassifier(), X, Y, progress=True)
    assert "rows" in capsys.readouterr().err
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    progressive_validate(LinearClassifier(), X, Y)
    with pytest.raises(ImportError, match=r"gradstream\[progress\]"):
        progressive_validate(LinearClassifier(), X, Y, progress=True)


def test_no_terminal_no_bar(capsys):
    progressive_validate(LinearClassifier(), X, Y, progress=True)
    assert capsys.readouterr().err == ""


def test_nothing_optional_is_imported():
    program = """
import sys
import gradstream
assert "gradstream.evaluation" not in sys.modules
assert "evaluation" in dir(gradstream)
gradstream.LinearClassifier
before = set(sys.modules)  # some of it scikit-learn imports by itself
gradstream.evaluation.progressive_validate
assert not {"matplotlib", "rich", "pandas", "river"} & (set(sys.modules) - before)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
