"""C text of every loss: ``r`` = dloss/dz and the importance-invariant step ``u`` (``docs/guide/numerics.md``).

y is -1 or +1, or the value of a regression; PARAMETER is the loss's own; q > 0; sat(x) = (1 - exp(-x))/x.
"""

R = {
    "log_loss": """\
  const double e = exp(-fabs(y * z));
  return -y * (y * z < 0.0 ? 1.0 : e) / (1.0 + e);
""",
    "hinge": "  return y * z < 1.0 ? -y : 0.0;\n",
    "squared_hinge": "  return -2.0 * y * fmax(0.0, 1.0 - y * z);\n",
    "modified_huber": "  return y * z < -1.0 ? -4.0 * y : -2.0 * y * fmax(0.0, 1.0 - y * z);\n",
    "squared_error": "  return z - y;\n",
    "huber": "  return fmin(PARAMETER, fmax(-PARAMETER, z - y));\n",
    "poisson": "  return exp(z) - y;\n",
}

U = {
    "log_loss": """\
  /* y d/q where d + exp(m) expm1(d) = h q: Newton's method from the right of the root, divided by exp(m) for m > 0 */
  const double m = y * z, way = h * q, own = exp(-fmax(m, 0.0)), grown = exp(fmin(m, 0.0));
  double d = fmin(way, log1p(way * exp(fmin(-m, 600.0))));
  int round;
  for (round = 0; round < 50; ++round) {
    const double change = (own * (d - way) + grown * expm1(d)) / (own + grown * exp(d));
    d -= change;
    if (fabs(change) <= 1e-16 * d) break;
  }
  return y * d / q;
""",
    "hinge": "  return y * fmin(h, fmax(0.0, 1.0 - y * z) / q);\n",
    "squared_hinge": "  return 2.0 * y * fmax(0.0, 1.0 - y * z) * h * gradstream_sat(2.0 * h * q);\n",
    "modified_huber": """\
  const double m = 1.0 - y * z, h1 = (m - 2.0) / (4.0 * q);
  if (m <= 0.0) return 0.0;
  if (m <= 2.0) return 2.0 * y * m * h * gradstream_sat(2.0 * h * q);
  if (h <= h1) return 4.0 * y * h;
  return 4.0 * y * (h1 + (h - h1) * gradstream_sat(2.0 * (h - h1) * q));
""",
    "squared_error": "  return (y - z) * h * gradstream_sat(h * q);\n",
    "huber": """\
  const double a = fabs(z - y), h1 = (a - PARAMETER) / (PARAMETER * q);
  if (a <= PARAMETER) return (y - z) * h * gradstream_sat(h * q);
  if (h <= h1) return copysign(PARAMETER, y - z) * h;
  return copysign(PARAMETER, y - z) * (h1 + (h - h1) * gradstream_sat((h - h1) * q));
""",
    "poisson": """\
  const double t = h * q * gradstream_sat(h * q * y), moved = (exp(z) - y) * t, a = -h * q * y, b = z + log(t);
  if (fabs(moved) < 0.5) return -log1p(moved) / q;
  return -(fmax(a, b) + log1p(exp(-fabs(a - b)))) / q;
""",
}

USES_SAT = {loss for loss, text in U.items() if "gradstream_sat" in text}
