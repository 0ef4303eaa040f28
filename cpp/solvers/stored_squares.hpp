// What the values that sparse columns store are like, absent ones left out.
#pragma once

#include "views/rows.hpp"

namespace gradstream::solvers {

/// weight_j = sum of s over rows that store column j, mean_square_j = mean of their x^2 under s; both (d,), zeros on
/// entry.
template <class View>
void stored_squares(const View& X, const double* s, double* weight, double* mean_square) {
  for (std::int64_t i = 0; i < X.rows; ++i) {
    const double counts = s != nullptr ? s[i] : 1.0;
    if (!(counts > 0.0)) continue;
    for (auto at = static_cast<std::int64_t>(X.indptr[i]); at < static_cast<std::int64_t>(X.indptr[i + 1]); ++at) {
      const auto j = static_cast<std::int64_t>(X.indices[at]);
      const double x = static_cast<double>(X.data[at]);
      weight[j] += counts;
      mean_square[j] += (x * x - mean_square[j]) * (counts / weight[j]);
    }
  }
}

}  // namespace gradstream::solvers
