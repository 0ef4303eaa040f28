"""A model as one C99 file: constants, ``gradstream_predict`` and, for a single rate, ``gradstream_learn_one``."""

from __future__ import annotations

from collections.abc import Iterable

from gradstream import _core
from gradstream.export.c_learning import learning_source
from gradstream.export.c_text import INTENT, PREDICT, PROBABILITIES
from gradstream.export.served import Learning, ServedModel, label_texts

PER_LINE = 5
PRINTABLE = set(range(0x20, 0x7F)) - set(map(ord, '"\\?'))  # of a string literal; "?" begins trigraphs


def c_source(model: ServedModel, learning: Learning | None) -> str:
    """Return the file. Without ``learning`` it predicts only."""
    task = "classification"
    if model.classes is None:
        task = "regression" if model.columns == 1 else "targets"
    parts = [
        _head(model, learning),
        "#include <math.h>",
        "#include <string.h>\n" if learning is not None else "",
        f"#define GRADSTREAM_FEATURES {model.features}",
        f"#define GRADSTREAM_COLUMNS {model.columns}",
        _classes(model),
        _features(model),
        constants("double", "gradstream_coef[GRADSTREAM_COLUMNS * GRADSTREAM_FEATURES]", model.coef.ravel()),
        constants("double", "gradstream_intercept[GRADSTREAM_COLUMNS]", model.intercept),
        PREDICT[task].replace("@LINK@", "exp(z)" if model.link == "exp" else "z"),
        PROBABILITIES.get(model.link, ""),
    ]
    if learning is not None:
        parts.append(learning_source(model, learning, constants))
    return "\n".join(part for part in parts if part) + "\n"


def _head(model: ServedModel, learning: Learning | None) -> str:
    rule = "It predicts only: gradstream_learn_one is exported for one rate of sgd or adagrad, row by row."
    if learning is not None:
        rule = f"gradstream_learn_one goes on learning row by row: {learning.spec['optimizer']}."
    version = _core.build_info()["version"]
    what = f"{model.name} with loss {model.loss}, exported by gradstream {version}."
    return INTENT.replace("@WHAT@", what).replace("@RULE@", rule)


def _classes(model: ServedModel) -> str:
    if model.classes is None:
        return ""
    count = f"#define GRADSTREAM_CLASSES {len(model.classes)}\n\n"
    return count + _names("gradstream_class_names[GRADSTREAM_CLASSES]", label_texts(model.classes))


def _features(model: ServedModel) -> str:
    if model.feature_names is None:
        return ""
    return _names("gradstream_feature_names[GRADSTREAM_FEATURES]", model.feature_names)


def _names(declared: str, texts: list[str]) -> str:
    return f"const char *const {declared} = {{\n    " + ",\n    ".join(map(string_literal, texts)) + "};"


def string_literal(text: str) -> str:
    """Return a C string of UTF-8 bytes, octal where they are not plain letters."""
    return '"' + "".join(chr(b) if b in PRINTABLE else f"\\{b:03o}" for b in text.encode("utf-8", "replace")) + '"'


def constants(ctype: str, declared: str, values: Iterable[float]) -> str:
    """Return a constant array; numbers have the digits that bring every bit back."""
    texts = [repr(float(value)) + ("f" if ctype == "float" else "") for value in values]
    rows = [", ".join(texts[i : i + PER_LINE]) for i in range(0, len(texts), PER_LINE)]
    return f"static const {ctype} {declared} = {{\n    " + ",\n    ".join(rows) + "};\n"
