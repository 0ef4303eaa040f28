"""A model leaves the building: served by threads, stopped and resumed, learnt on in C, and brought home.

A centre fits a model on the first half of a bank's calls. Two branches without a network take it along as a file and go
on learning, each from its own calls. One runs Python, with threads that serve while one learns, and is switched off in
the middle; the other has a C compiler and nothing else. Run with ``python examples/serve_and_learn_offline.py``; where
there is no C compiler the second branch runs Python as well.
"""

import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import numpy as np
from quickstart import encoder, read_calls

import gradstream
from gradstream import LinearClassifier

# What the second branch compiles beside the model: reads rows of doubles, x then y, and prints p(x) before it learns.
PROGRAM = """
#include "model.c"
#include <stdio.h>
int main(void) {
  static gradstream_model model;
  double row[GRADSTREAM_FEATURES + 1], p[GRADSTREAM_CLASSES];
  gradstream_start(&model);
  while (fread(row, sizeof row, 1, stdin) == 1) {
    gradstream_model_predict_proba(&model, row, p);
    printf("%.17g\\n", p[1]);
    gradstream_learn_one(&model, row, (int)row[GRADSTREAM_FEATURES], 1.0);
  }
  return 0;
}
"""


def log_loss(p, y):
    return float(-np.log(np.where(y == 1, p, 1 - p)).mean())


class Branch:
    """Serves with four threads while it learns, and saves as it goes; ``resume`` is the morning after."""

    def __init__(self, path):
        self.path = path
        self.resume()

    def resume(self):
        self.model = gradstream.load(self.path)
        self.served = self.model.frozen()

    def day(self, X, y, *, publish_every=500):
        """Return p(y = 1) of every call from before it was learnt."""
        stop, answers = threading.Event(), []

        def serve():
            while not stop.is_set():
                answers.append(self.served.predict_proba_one(X[len(answers) % len(X)])[1])

        threads = [threading.Thread(target=serve) for _ in range(4)]
        for thread in threads:
            thread.start()
        told = np.empty(len(y))
        for i in range(len(y)):
            told[i] = self.model.predict_proba_one(X[i])[1]
            self.model.learn_one(X[i], y[i])
            if i % publish_every == 0:
                self.served = self.model.frozen()
        stop.set()
        for thread in threads:
            thread.join()
        self.model.save(self.path)
        return told, len(answers)


def day_in_c(model, folder, X, y):
    """Return p(y = 1) of every call from before it was learnt, by a program of two files of C."""
    model.export(folder / "model.c")
    (folder / "branch.c").write_text(PROGRAM)
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    command = [compiler, "-std=c99", "-O2", "branch.c", "-o", "branch", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    rows = np.column_stack([X, y]).astype(np.float64).tobytes()
    printed = subprocess.run([folder / "branch"], input=rows, capture_output=True, check=True).stdout
    return np.array(printed.split(), np.float64)


def main():
    calls, y = read_calls()
    X = encoder().fit_transform(calls).astype(np.float64)
    half = len(y) // 2
    centre = LinearClassifier(optimizer="adagrad", learning_rate=0.1).fit(X[:half], y[:half])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "model.gsm"
        centre.save(path)
        print(f"the centre's model: {path.stat().st_size:,} bytes")

        first, second = slice(half, None, 2), slice(half + 1, None, 2)  # the branches' own calls
        noon = (len(y) - half) // 4
        branch = Branch(path)
        morning, answered = branch.day(X[first][:noon], y[first][:noon])
        branch.resume()  # the machine was off
        evening, more = branch.day(X[first][noon:], y[first][noon:])
        told = np.concatenate([morning, evening])
        print(f"branch 1, Python: log loss {log_loss(told, y[first]):.4f}, {answered + more:,} answers meanwhile")
        as_it_was = centre.frozen().predict_proba(X[first])[:, 1]
        print(f"          the centre's model as it was: {log_loss(as_it_was, y[first]):.4f}")

        other = LinearClassifier(**centre.get_params()).set_state(centre.get_state())
        in_python = other.progressive_fit(X[second], y[second])[:, 1]
        in_c = day_in_c(centre, folder, X[second], y[second])
        if in_c is None:
            print(f"branch 2, Python, there is no C compiler: log loss {log_loss(in_python, y[second]):.4f}")
        else:
            print(f"branch 2, C: log loss {log_loss(in_c, y[second]):.4f}; Python and C differ by at most ", end="")
            print(f"{np.abs(in_c - in_python).max():.0e}")

        home = gradstream.load(path).merge(other)
        print(f"brought home: {home.n_samples_seen_:,} rows seen by two models that both began with {half:,}")


if __name__ == "__main__":
    main()
