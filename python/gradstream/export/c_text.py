"""C text that predicts. ``@NAME@`` is filled in."""

INTENT = """\
/* @WHAT@
 *
 * One file, C99 and its library: cc -std=c99 -c model.c, link with -lm. x is a row of GRADSTREAM_FEATURES values in the
 * units and the order of X.
 * @RULE@
 */"""

_MARGINS = """\
/* z[GRADSTREAM_COLUMNS]: one margin per class, or one in all. */
void gradstream_margins(const double *x, double *z);
void gradstream_margins(const double *x, double *z) {
  int j, k;
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) {
    const double *w = gradstream_coef + k * GRADSTREAM_FEATURES;
    z[k] = gradstream_intercept[k];
    for (j = 0; j < GRADSTREAM_FEATURES; ++j) z[k] += w[j] * x[j];
  }
}
"""

_REGRESSION = """\
static double gradstream_value(double z) { return @LINK@; }

/* In units of y. */
double gradstream_predict(const double *x);
double gradstream_predict(const double *x) {
  double z;
  gradstream_margins(x, &z);
  return gradstream_value(z);
}
"""

_TARGETS = """\
static double gradstream_value(double z) { return @LINK@; }

/* y[GRADSTREAM_COLUMNS]: every target in its units. */
void gradstream_predict_targets(const double *x, double *y);
void gradstream_predict_targets(const double *x, double *y) {
  int k;
  gradstream_margins(x, y);
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) y[k] = gradstream_value(y[k]);
}
"""

_CLASSIFICATION = """\
static int gradstream_winner(const double *z) {
  int k, best = 0;
  if (GRADSTREAM_COLUMNS == 1) return z[0] > 0.0;
  for (k = 1; k < GRADSTREAM_COLUMNS; ++k) {
    if (z[k] > z[best]) best = k;
  }
  return best;
}

/* The position of the class in gradstream_class_names. */
int gradstream_predict(const double *x);
int gradstream_predict(const double *x) {
  double z[GRADSTREAM_COLUMNS];
  gradstream_margins(x, z);
  return gradstream_winner(z);
}
"""

PREDICT = {
    task: _MARGINS + "\n" + text
    for task, text in {"regression": _REGRESSION, "targets": _TARGETS, "classification": _CLASSIFICATION}.items()
}

_PROBABILITIES = """\
static void gradstream_probabilities(const double *z, double *p) {
@BODY@}

/* p[GRADSTREAM_CLASSES]. */
void gradstream_predict_proba(const double *x, double *p);
void gradstream_predict_proba(const double *x, double *p) {
  double z[GRADSTREAM_COLUMNS];
  gradstream_margins(x, z);
  gradstream_probabilities(z, p);
}
"""

_SIGMOID = """\
  const double e = exp(-fabs(z[0]));
  const int likely = z[0] > 0.0;
  p[likely] = 1.0 / (1.0 + e);
  p[!likely] = e / (1.0 + e);
"""

_SOFTMAX = """\
  double top = z[0], sum = 0.0;
  int k;
  for (k = 1; k < GRADSTREAM_COLUMNS; ++k) top = fmax(top, z[k]);
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) sum += p[k] = exp(z[k] - top);
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) p[k] /= sum;
"""

_NORMALIZED_SIGMOID = """\
  double sum = 0.0;
  int k;
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) {
    const double e = exp(-fabs(z[k]));
    sum += p[k] = (z[k] > 0.0 ? 1.0 : e) / (1.0 + e);
  }
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) p[k] /= sum;
"""

_CLIP = """\
  double sum = 0.0;
  int k;
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) sum += p[k] = (fmin(fmax(z[k], -1.0), 1.0) + 1.0) / 2.0;
  if (GRADSTREAM_COLUMNS == 1) {
    p[1] = p[0];
    p[0] = 1.0 - p[1];
    return;
  }
  for (k = 0; k < GRADSTREAM_COLUMNS; ++k) p[k] = sum > 0.0 ? p[k] / sum : 1.0 / GRADSTREAM_CLASSES;
"""

PROBABILITIES = {
    link: _PROBABILITIES.replace("@BODY@", body)
    for link, body in {
        "sigmoid": _SIGMOID,
        "softmax": _SOFTMAX,
        "normalized_sigmoid": _NORMALIZED_SIGMOID,
        "clip": _CLIP,
    }.items()
}
