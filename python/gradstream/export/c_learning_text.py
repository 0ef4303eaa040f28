"""C text that learns. ``@NAME@`` is filled in; every function stands for a step of ``docs/guide/numerics.md``."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from gradstream._parameters import least_target
from gradstream.export import c_formulas
from gradstream.export.served import ServedModel

if TYPE_CHECKING:
    from gradstream._core import Spec

START = """\
/* Makes a model what it was when it was exported. */
void gradstream_start(gradstream_model *model);
void gradstream_start(gradstream_model *model) {
  gradstream_state *now = &model->now;
@BODY@}
"""

SAT = "static double gradstream_sat(double x) { return x == 0.0 ? 1.0 : -expm1(-x) / x; }\n"

_STRUCT = """\
typedef struct {
  gradstream_real weight[GRADSTREAM_FEATURES * GRADSTREAM_COLUMNS]; /* in standardised units, feature by feature */
  double intercept[GRADSTREAM_COLUMNS];
@SLOTS@  double weight_seen, t;
} gradstream_state;

/* A model that learns: gradstream_start(&model) first. Copy it to keep it, write it to a file to save it. */
typedef struct {
  gradstream_state now;
  gradstream_state before;         /* the row being learnt */
  double row[GRADSTREAM_FEATURES]; /* scratch */
} gradstream_model;
"""

_ADAGRAD = """\
  gradstream_real squares[GRADSTREAM_FEATURES * GRADSTREAM_COLUMNS];
  double intercept_squares[GRADSTREAM_COLUMNS];
"""

SOFTMAX = """\
/* r_k = p_k - [y = k]; the step is u_k = -h r_k. */
static void gradstream_residuals(const double *z, int y, double *r) {
  double top = z[0], sum = 0.0;
  int k;
  for (k = 1; k < GRADSTREAM_COLUMNS; ++k) top = fmax(top, z[k]);
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) sum += r[k] = exp(z[k] - top);
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) r[k] = r[k] / sum - (k == y);
}
"""

_FLOW = """\
/* Where the penalty brings a weight in a time tau. */
static double gradstream_flow(double w, double tau) {
  const double left = fabs(w)@L2@@L1@;
  return left <= 0.0 ? 0.0 : copysign(left, w); /* NaN stays */
}
"""

_READ_STANDARDISED = """\
static double gradstream_scale(const gradstream_state *now, int j) {
  const double variance = now->weight_seen > 0.0 ? now->m2[j] / now->weight_seen : 0.0;
  const double least = 3.552713678800501e-15 * now->mean[j]; /* rounding of the mean: a constant column */
  return variance > least * least ? 1.0 / sqrt(variance) : 0.0;
}

static double gradstream_read(const gradstream_state *now, const double *x, int j) {
  return @CENTERED@ * gradstream_scale(now, j);
}

static void gradstream_take_in(gradstream_state *now, const double *x, double s) {
  int j;
  now->weight_seen += s;
  for (j = 0; j < GRADSTREAM_FEATURES; ++j) {
    const double d = x[j] - now->mean[j];
    now->mean[j] += s * d / now->weight_seen;
    now->m2[j] += s * d * (x[j] - now->mean[j]);
  }
}
"""

_READ_PLAIN = """\
static double gradstream_read(const gradstream_state *now, const double *x, int j) {
  (void)now;
  return x[j];
}

static void gradstream_take_in(gradstream_state *now, const double *x, double s) {
  (void)x;
  now->weight_seen += s;
}
"""

_PREDICTING = """\
void gradstream_model_margins(const gradstream_model *model, const double *x, double *z);
void gradstream_model_margins(const gradstream_model *model, const double *x, double *z) {
  const gradstream_state *now = &model->now;
  int j, k;
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) z[k] = now->intercept[k];
  for (j = 0; j < GRADSTREAM_FEATURES; ++j) {
    const double value = gradstream_read(now, x, j);
    for (k = 0; k < GRADSTREAM_COLUMNS; ++k) z[k] += value * now->weight[j * GRADSTREAM_COLUMNS + k];
  }
}

@TYPE@ gradstream_model_predict(const gradstream_model *model, const double *x);
@TYPE@ gradstream_model_predict(const gradstream_model *model, const double *x) {
  double z[GRADSTREAM_COLUMNS];
  gradstream_model_margins(model, x, z);
  return @RESULT@;
}
"""

_PREDICTING_PROBABILITIES = """
void gradstream_model_predict_proba(const gradstream_model *model, const double *x, double *p);
void gradstream_model_predict_proba(const gradstream_model *model, const double *x, double *p) {
  double z[GRADSTREAM_COLUMNS];
  gradstream_model_margins(model, x, z);
  gradstream_probabilities(z, p);
}
"""

_LEARNING = """\
static int gradstream_is_finite(const gradstream_state *now) {
  int finite = isfinite(now->weight_seen) && isfinite(now->t), i;
  for (i = 0; i < GRADSTREAM_COLUMNS; ++i) finite &= isfinite(now->intercept[i]) != 0@FINITE_INTERCEPT@;
  for (i = 0; i < GRADSTREAM_FEATURES * GRADSTREAM_COLUMNS; ++i) finite &= isfinite(now->weight[i]) != 0@FINITE_WEIGHT@;
@FINITE_COLUMN@  return finite;
}

/* Learns a row of weight s@TARGET@. 0: done; 1: refused, and nothing has changed: values
 * of which the sum of squares is not finite, a weight below 0@REFUSED@, or a step to a number
 * that is not finite. */
int gradstream_learn_one(gradstream_model *model, const double *x, @TYPE@ y, double s);
int gradstream_learn_one(gradstream_model *model, const double *x, @TYPE@ y, double s) {
  gradstream_state *now = &model->now;
  double z[GRADSTREAM_COLUMNS], u[GRADSTREAM_COLUMNS];
  double h, size = 0.0;
@Q@  int j, k;
  if (!(s >= 0.0) || !isfinite(s)@CHECK@) return 1;
  for (j = 0; j < GRADSTREAM_FEATURES; ++j) size += x[j] * x[j];
  if (!isfinite(s * size)) return 1;
@WEIGHTED@  if (s == 0.0) return 0;
  model->before = model->now;
  gradstream_take_in(now, x, s);
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) z[k] = now->intercept[k];
  for (j = 0; j < GRADSTREAM_FEATURES; ++j) {
    model->row[j] = gradstream_read(now, x, j);
    for (k = 0; k < GRADSTREAM_COLUMNS; ++k) z[k] += model->row[j] * now->weight[j * GRADSTREAM_COLUMNS + k];
  }
  h = gradstream_rate(now->t) * s;
@STEP@  now->t += s;
  if (gradstream_is_finite(now)) return 0;
  model->now = model->before;
  return 1;
}
"""

_FINITE_COLUMN = """\
  for (i = 0; i < GRADSTREAM_FEATURES; ++i) finite &= isfinite(now->mean[i]) && isfinite(now->m2[i]);
"""

_SGD_STEP = """\
@LENGTH@  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) {
    u[k] = @U@;
@INTERCEPT@    for (j = 0; j < GRADSTREAM_FEATURES; ++j) {
      gradstream_real *w = now->weight + j * GRADSTREAM_COLUMNS + k;
      *w = (gradstream_real)@FLOW@(*w + u[k] * model->row[j]@TAU@);
    }
  }
"""

_LENGTH = """\
  for (j = 0; j < GRADSTREAM_FEATURES; ++j) q += model->row[j] * model->row[j];
"""

_ADAGRAD_STEP = """\
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) {
    const double r = @R@;
    double c;
@Q@    for (j = 0; j < GRADSTREAM_FEATURES; ++j) {
      gradstream_real *squares = now->squares + j * GRADSTREAM_COLUMNS + k;
      *squares = (gradstream_real)(*squares + s * r * r * model->row[j] * model->row[j]);
@ADD@    }
@INTERCEPT@    u[k] = @U@;
@MOVE@    for (j = 0; j < GRADSTREAM_FEATURES; ++j) {
      gradstream_real *w = now->weight + j * GRADSTREAM_COLUMNS + k;
      c = gradstream_coordinate_rate(now->squares[j * GRADSTREAM_COLUMNS + k]);
      *w = (gradstream_real)@FLOW@(*w + u[k] * c * model->row[j]@TAU@);
    }
  }
"""

_ADD = "      q += gradstream_coordinate_rate(*squares) * model->row[j] * model->row[j];\n"
_INTERCEPT = """\
    now->intercept_squares[k] += s * r * r;
    c = gradstream_coordinate_rate(now->intercept_squares[k]);
"""


def struct(spec: Spec) -> str:
    """Return the state's type."""
    slots = _ADAGRAD if spec["optimizer"] == "adagrad" else ""
    if spec["standardize"] != "none":
        slots += "  double mean[GRADSTREAM_FEATURES], m2[GRADSTREAM_FEATURES];\n"
    return _STRUCT.replace("@SLOTS@", slots)


def rate(spec: Spec, expression: str) -> str:
    """Return eta, and AdaGrad's rate of a coordinate: 0 while it has seen no gradient."""
    body = f"return {expression};" if " t" in expression or "(t" in expression else f"(void)t;\n  return {expression};"
    text = f"static double gradstream_rate(double t) {{\n  {body}\n}}\n"
    if spec["optimizer"] == "adagrad":
        seen = spec["initial_accumulator"] * (1.0 + 1e-6)
        text += (
            "\nstatic double gradstream_coordinate_rate(double squares) {\n"
            f"  return squares > {seen!r} ? 1.0 / sqrt(squares) : 0.0;\n}}\n"
        )
    return text


def flow(spec: Spec) -> str:
    """Return the penalty's flow."""
    l1, l2 = spec["l1"], spec["l2"]
    if l1 == l2 == 0:
        return ""
    decay = f" * exp(-{l2!r} * tau)" if l2 > 0 else ""
    shrink = "" if l1 == 0 else f" - {l1!r} * tau * gradstream_sat({l2!r} * tau)" if l2 > 0 else f" - {l1!r} * tau"
    return _filled(_FLOW, L2=decay, L1=shrink)


def residual(spec: Spec) -> str:
    """Return r = dloss/dz of one margin."""
    text = f"static double gradstream_residual(double z, double y) {{\n{c_formulas.R[spec['loss']]}}}\n"
    return text.replace("PARAMETER", repr(spec["loss_parameter"]))


def step(spec: Spec) -> str:
    """Return u, how far a margin moves per unit of q; a row of zeros moves by -h r."""
    text = (
        "static double gradstream_moved(double z, double y, double h, double q) {\n"
        f"{c_formulas.U[spec['loss']]}}}\n\n"
        "static double gradstream_step(double z, double y, double h, double q) {\n"
        "  return q > 0.0 ? gradstream_moved(z, y, h, q) : -h * gradstream_residual(z, y);\n}\n"
    )
    return text.replace("PARAMETER", repr(spec["loss_parameter"]))


def reading(spec: Spec) -> str:
    """Return how a value is read: as it is, or standardised by the rows so far."""
    if spec["standardize"] == "none":
        return _READ_PLAIN
    centered = "(x[j] - now->mean[j])" if spec["standardize"] == "center_scale" else "x[j]"
    return _READ_STANDARDISED.replace("@CENTERED@", centered)


def predicting(model: ServedModel) -> str:
    """Return predictions of a model that learns."""
    classes = model.classes is not None
    kind, result = ("int", "gradstream_winner(z)") if classes else ("double", "gradstream_value(z[0])")
    return _filled(_PREDICTING, TYPE=kind, RESULT=result) + (
        _PREDICTING_PROBABILITIES if model.link in ("sigmoid", "softmax", "clip") else ""
    )


def learning(spec: Spec, model: ServedModel, *, softmax: bool, weighted: bool) -> str:
    """Return the function that learns a row."""
    classes = model.classes is not None
    least = -inf if classes else least_target(spec["loss"], spec["loss_parameter"])
    below = "" if least < 0.0 else " || y < 0.0" if least == 0.0 else " || y <= 0.0"
    check = " || y < 0 || y >= GRADSTREAM_CLASSES" if classes else " || !isfinite(y)" + below
    adagrad = spec["optimizer"] == "adagrad"
    invariant_sgd = spec["optimizer"] == "sgd" and not softmax
    return _filled(
        _LEARNING,
        TARGET="; y is the position of its class" if classes else "",
        REFUSED=", a class that is not there" if classes else ", a target that its loss does not know" * bool(below),
        CHECK=check,
        TYPE="int" if classes else "double",
        Q=f"  double q = {float(spec['fit_intercept'])!r};\n" if invariant_sgd else "",
        WEIGHTED="  s *= gradstream_class_weights[y];\n" * weighted,
        FINITE_INTERCEPT=" && isfinite(now->intercept_squares[i])" * adagrad,
        FINITE_WEIGHT=" && isfinite(now->squares[i])" * adagrad,
        FINITE_COLUMN=_FINITE_COLUMN * (spec["standardize"] != "none"),
        STEP=(_adagrad if adagrad else _sgd)(spec, classes, softmax),
    )


def _target(spec: Spec, classes: bool) -> str:
    if not classes:
        return "y"
    return "(y == k ? 1.0 : -1.0)" if spec["columns"] > 1 else "(y == 1 ? 1.0 : -1.0)"


def _flow_call(spec: Spec, tau: str) -> tuple[str, str]:
    return ("", "") if spec["l1"] == spec["l2"] == 0 else ("gradstream_flow", f", {tau}")


def _sgd(spec: Spec, classes: bool, softmax: bool) -> str:
    name, tau = _flow_call(spec, "h")
    u = "-h * u[k]" if softmax else f"gradstream_step(z[k], {_target(spec, classes)}, h, q)"
    return _filled(
        _SGD_STEP,
        LENGTH="  gradstream_residuals(z, y, u);\n" if softmax else _LENGTH,
        U=u,
        INTERCEPT="    now->intercept[k] += u[k];\n" if spec["fit_intercept"] else "",
        FLOW=name,
        TAU=tau,
    )


def _adagrad(spec: Spec, classes: bool, softmax: bool) -> str:
    target, intercept = _target(spec, classes), spec["fit_intercept"]
    name, tau = _flow_call(spec, "h * c")
    text = _filled(
        _ADAGRAD_STEP,
        R="u[k]" if softmax else f"gradstream_residual(z[k], {target})",
        Q="" if softmax else "    double q = 0.0;\n",
        ADD="" if softmax else _ADD,
        INTERCEPT=_INTERCEPT + "    q += c;\n" * (not softmax) if intercept else "",
        U="-h * r" if softmax else f"gradstream_step(z[k], {target}, h, q)",
        MOVE="    now->intercept[k] += u[k] * c;\n" if intercept else "",
        FLOW=name,
        TAU=tau,
    )
    return "  gradstream_residuals(z, y, u);\n" + text if softmax else text


def _filled(text: str, **parts: str) -> str:
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text
