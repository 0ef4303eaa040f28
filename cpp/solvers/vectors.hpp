// Loops over one vector of parameters. Four running sums: fixed order of summation, and four times as fast as one.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gradstream::solvers {

using Vector = std::vector<double>;

inline double dot(const double* a, const double* b, std::size_t n) {
  double sums[4] = {0.0, 0.0, 0.0, 0.0};
  std::size_t j = 0;
  for (; j + 4 <= n; j += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += a[j + lane] * b[j + lane];
  }
  for (; j < n; ++j) sums[0] += a[j] * b[j];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

inline double dot(const Vector& a, const Vector& b) { return dot(a.data(), b.data(), a.size()); }
inline double norm(const Vector& a) { return std::sqrt(dot(a, a)); }

/// y += a x
inline void axpy(double a, const Vector& x, Vector& y) {
  for (std::size_t j = 0; j < x.size(); ++j) y[j] += a * x[j];
}

/// Whether no number is NaN or infinite. Eight running sums: one would wait for itself.
template <class T>
bool all_finite(std::int64_t n, const T* values) {
  T probe[8] = {};
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int lane = 0; lane < 8; ++lane) probe[lane] += T(0) * values[i + lane];
  }
  for (; i < n; ++i) probe[0] += T(0) * values[i];
  T sum = T(0);
  for (const T value : probe) sum += value;
  return sum == T(0);
}

/// What the proximal map of `threshold |.|` makes of v.
inline double soft_threshold(double v, double threshold) {
  return v > threshold ? v - threshold : v < -threshold ? v + threshold : 0.0;
}

}  // namespace gradstream::solvers
