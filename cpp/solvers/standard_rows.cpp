#include "solvers/standard_rows.hpp"

#include <algorithm>

namespace gradstream::solvers {

void load_standard_row(const RowAccess& rows, const Standardization& standardization, std::int64_t row, double intercept, Vector& x) {
  std::fill(x.begin(), x.end(), 0.0);
  rows.row_axpy(row, standardization.center, 1.0, x.data());
  if (standardization.scale != nullptr) {
    for (std::size_t j = 0; j + 1 < x.size(); ++j) x[j] *= standardization.scale[j];
  }
  x.back() = intercept;
}

const double* in_units_of_x(const double* coef, std::int64_t columns, const Standardization& standardization, Vector& scaled) {
  if (standardization.scale == nullptr) return coef;
  const auto K = static_cast<std::size_t>(columns);
  for (std::size_t at = 0; at < scaled.size(); at += K) {
    const double scale = standardization.scale[at / K];
    for (std::size_t k = 0; k < K; ++k) scaled[at + k] = coef[at + k] * scale;
  }
  return scaled.data();
}

void add_outer_product(const Vector& x, std::int64_t K, const double* curvature, double* hessian) {
  const auto p = static_cast<std::int64_t>(x.size());
  for (std::int64_t j = 0; j < p; ++j) {
    const double x_j = x[static_cast<std::size_t>(j)];
    if (x_j == 0.0) continue;
    for (std::int64_t k = 0; k < K; ++k) {
      double* row = hessian + (j * K + k) * p * K;
      for (std::int64_t l = 0; l < K; ++l) {
        const double factor = curvature[k * K + l] * x_j;
        if (factor == 0.0) continue;
        for (std::int64_t i = 0; i <= j; ++i) row[i * K + l] += factor * x[static_cast<std::size_t>(i)];
      }
    }
  }
}

}  // namespace gradstream::solvers
