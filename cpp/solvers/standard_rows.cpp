#include "solvers/standard_rows.hpp"

#include <algorithm>

namespace gradstream::solvers {

void load_standard_row(const RowAccess& rows, const Standardization& standardization, std::int64_t row,
                       double intercept, Vector& x) {
  std::fill(x.begin(), x.end(), 0.0);
  rows.row_axpy(row, standardization.center, 1.0, x.data());
  if (standardization.scale != nullptr) {
    for (std::size_t j = 0; j + 1 < x.size(); ++j) x[j] *= standardization.scale[j];
  }
  x.back() = intercept;
}

const double* in_units_of_x(const double* coef, std::int64_t columns, const Standardization& standardization,
                            Vector& scaled) {
  if (standardization.scale == nullptr) return coef;
  const auto K = static_cast<std::size_t>(columns);
  for (std::size_t at = 0; at < scaled.size(); at += K) {
    const double scale = standardization.scale[at / K];
    for (std::size_t k = 0; k < K; ++k) scaled[at + k] = coef[at + k] * scale;
  }
  return scaled.data();
}

}  // namespace gradstream::solvers
