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
    "gamma": "  return 1.0 - y * exp(-z);\n",
    "tweedie": "  return exp((2.0 - PARAMETER) * z) - (y != 0.0 ? y * exp((1.0 - PARAMETER) * z) : 0.0);\n",
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
    "gamma": """\
  const double t = h * q * gradstream_sat(h * q), moved = (y * exp(-z) - 1.0) * t, a = -h * q, b = log(y) - z + log(t);
  if (fabs(moved) < 0.5) return log1p(moved) / q;
  return (fmax(a, b) + log1p(exp(-fabs(a - b)))) / q;
""",
    "tweedie": """\
  /* f = logit(exp(-|z - log y|)), or log |y| - z of a negative y, grows by df/dt = exp(-growth f) (1 + exp(-f))^bend:
     panels, each a Gauss quadrature; exponentials on both sides of them */
  static const double node[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363};
  static const double weight[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};
  const double c = 2.0 - PARAMETER, growth = y < 0.0 ? c - 1.0 : 0.0;
  double way, size, f, t, bend, k, panel, moved = 0.0, length, needed, share, shorter;
  int round, i;
  if (y == 0.0) {
    const double from = c * z + log(c * h * q);
    if (from < -30.0) return -h * exp(c * z);
    return -(fmax(from, 0.0) + log1p(exp(-fabs(from)))) / (c * q);
  }
  way = z - log(fabs(y));
  size = fmax(fabs(way), 1e-290);
  bend = y < 0.0 ? 1.0 : way > 0.0 ? c : 1.0 - c;
  k = growth + bend;
  panel = 2.0 / fmax(1.0, (growth + fabs(bend)) / 2.0);
  t = h * q * exp(c * log(fabs(y)));
  f = y < 0.0 ? -way : size > 30.0 ? -size - log1p(-exp(-size)) : -log(expm1(size));
  if (t > 0.0 && f < -36.0) {
    const double grown = k * t * exp(-k * f);
    needed = k == 0.0 ? -36.0 - f : (exp(-36.0 * k) - exp(k * f)) / k;
    moved = t >= needed ? -36.0 - f : k == 0.0 ? t : grown < 1e300 ? log1p(grown) / k : log(k * t) / k - f;
    t = t < needed ? 0.0 : t - needed;
  }
  while (t > 0.0 && f + moved < 38.0) {
    length = panel;
    for (round = 0; round < 60; ++round) {
      for (needed = 0.0, i = 0; i < 8; ++i) {
        const double at = f + moved + 0.5 * length * (1.0 + (i < 4 ? node[i] : -node[i - 4]));
        needed += 0.5 * length * weight[i % 4] *
                  exp(growth * at - bend * (at > 0.0 ? log1p(exp(-at)) : log1p(exp(at)) - at));
      }
      if (length == panel && needed <= t) break;
      {
        const double end = f + moved + length;
        const double rate = exp(bend * (end > 0.0 ? log1p(exp(-end)) : log1p(exp(end)) - end) - growth * end);
        const double change = (t - needed) * rate, next = fmin(fmax(length + change, 0.1 * length), panel);
        if (fabs(next - length) <= 1e-14 * length) break;
        length = next;
      }
    }
    moved += length;
    t = length == panel && needed <= t ? t - needed : 0.0;
  }
  if (growth > 0.0) return -(moved + log1p(growth * t * exp(-growth * (f + moved))) / growth) / q;
  moved += t;
  share = expm1(-moved) * expm1(-size);
  shorter = share < 0.5 ? -log1p(-share) : size - log1p(exp(-(f + moved)));
  return (way > 0.0 ? -shorter : shorter) / q;
""",
}

USES_SAT = {loss for loss, text in U.items() if "gradstream_sat" in text}
