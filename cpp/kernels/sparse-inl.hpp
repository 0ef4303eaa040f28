// Batch kernels on CSR rows.
#pragma once

#include "kernels/loss-inl.hpp"
#include "kernels/statistics-inl.hpp"
#include "kernels/table.hpp"

namespace gradstream::kernels {
namespace {

/// Rows per tile: two vectors of losses; their features mostly stay in the second-level cache between the two uses.
/// (Coefficient and gradient side by side, so that one miss fetches both, was no faster and costs a copy of the model.)
inline constexpr std::int64_t kSparseTile = 16;

struct SparseScratch {
  double* z;  // (tile, K)
  double* y;  // (tile,)
  double* s;  // (tile,)

  static std::int64_t size(std::int64_t d, std::int64_t K) {
    const std::int64_t tile = kSparseTile * (K + 2);
    return tile > d ? tile : d;  // moments count a weight per column
  }
  SparseScratch(double* at, std::int64_t K) : z(at), y(z + kSparseTile * K), s(y + kSparseTile) {}
};

template <class View>
std::int64_t sparse_workspace(const View& X, std::int64_t K) {
  return SparseScratch::size(X.columns, K);
}

/// sum of x w over a row, `stride` doubles between features; four sums in turn.
template <class View>
GRADSTREAM_INLINE double sparse_dot(const View& X, std::int64_t row, const double* w, std::int64_t stride) {
  const auto end = static_cast<std::int64_t>(X.indptr[row + 1]);
  auto at = static_cast<std::int64_t>(X.indptr[row]);
  double sum[4] = {0.0, 0.0, 0.0, 0.0};
  for (; at + 4 <= end; at += 4) {
    for (int lane = 0; lane < 4; ++lane) {
      sum[lane] += static_cast<double>(X.data[at + lane]) * w[static_cast<std::int64_t>(X.indices[at + lane]) * stride];
    }
  }
  for (; at < end; ++at)
    sum[0] += static_cast<double>(X.data[at]) * w[static_cast<std::int64_t>(X.indices[at]) * stride];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

template <class View>
GRADSTREAM_INLINE void sparse_axpy(const View& X, std::int64_t row, double a, double* g, std::int64_t stride) {
  const auto end = static_cast<std::int64_t>(X.indptr[row + 1]);
  for (auto at = static_cast<std::int64_t>(X.indptr[row]); at < end; ++at) {
    g[static_cast<std::int64_t>(X.indices[at]) * stride] += a * static_cast<double>(X.data[at]);
  }
}

template <class View>
GRADSTREAM_INLINE void sparse_dot_columns(const View& X, std::int64_t row, const double* W, std::int64_t stride,
                                          std::int64_t K, double* z) {
  const auto end = static_cast<std::int64_t>(X.indptr[row + 1]);
  for (auto at = static_cast<std::int64_t>(X.indptr[row]); at < end; ++at) {
    const double* w = W + static_cast<std::int64_t>(X.indices[at]) * stride;
    const double x = static_cast<double>(X.data[at]);
    each_pack(K, [&](auto tag, std::int64_t k) {
      using V = decltype(tag);
      store(z + k, load<V>(z + k) + V(x) * load<V>(w + k));
    });
  }
}

template <class View>
GRADSTREAM_INLINE void sparse_axpy_columns(const View& X, std::int64_t row, const double* r, double* G,
                                           std::int64_t stride, std::int64_t K) {
  const auto end = static_cast<std::int64_t>(X.indptr[row + 1]);
  for (auto at = static_cast<std::int64_t>(X.indptr[row]); at < end; ++at) {
    double* g = G + static_cast<std::int64_t>(X.indices[at]) * stride;
    const double x = static_cast<double>(X.data[at]);
    each_pack(K, [&](auto tag, std::int64_t k) {
      using V = decltype(tag);
      store(g + k, load<V>(g + k) + V(x) * load<V>(r + k));
    });
  }
}

template <class View>
GRADSTREAM_INLINE void sparse_margin(const View& X, std::int64_t row, const double* W, std::int64_t stride,
                                     const double* intercept, std::int64_t K, double* z) {
  if (K == 1) {
    z[0] = sparse_dot(X, row, W, stride) + intercept[0];
    return;
  }
  for (std::int64_t k = 0; k < K; ++k) z[k] = intercept[k];
  sparse_dot_columns(X, row, W, stride, K, z);
}

/// sums.coef += x' rows(x . coef + intercept) over the rows of a set: rows(first, count, z) turns the margins (count,
/// K) of a tile into what is summed.
template <class View, class Rows>
GRADSTREAM_INLINE void sparse_pass(const View& X, RowSet set, const LinearModel& model, std::int64_t K,
                                   GradientSums& sums, const SparseScratch& scratch, const Rows& rows) {
  for (std::int64_t first = 0; first < set.count; first += kSparseTile) {
    const std::int64_t count = set.count - first < kSparseTile ? set.count - first : kSparseTile;
    for (std::int64_t i = 0; i < count; ++i)
      sparse_margin(X, set[first + i], model.coef, K, model.intercept, K, scratch.z + i * K);
    rows(first, count, scratch.z);
    for (std::int64_t i = 0; i < count; ++i) {
      if (K == 1) {
        sparse_axpy(X, set[first + i], scratch.z[i], sums.coef, 1);
      } else {
        sparse_axpy_columns(X, set[first + i], scratch.z + i * K, sums.coef, K, K);
      }
    }
  }
}

template <class View>
void sparse_loss_gradient(const View& X, RowSet set, const LinearModel& model, const Targets& targets,
                          const LossSpec& loss, GradientSums& sums, double* workspace) {
  const std::int64_t K = loss.columns;
  const LossRows rows_loss = loss_rows_function(loss);
  const SparseScratch scratch(workspace, K);
  sparse_pass(X, set, model, K, sums, scratch, [&](std::int64_t first, std::int64_t count, double* z) {
    keep_margins(set, first, count, K, z, sums.margins);
    const TileTargets own = tile_targets(targets, set, first, count, scratch.y, scratch.s);
    sums.loss += rows_loss(loss, count, z, own.y, own.s, z);
    add_row_sums(count, K, z, own.s, sums);
  });
}

template <class View>
void sparse_curvature_product(const View& X, RowSet set, const LinearModel& direction, std::int64_t K,
                              const RowCurvatures& curvatures, GradientSums& sums, double* workspace) {
  sparse_pass(X, set, direction, K, sums, SparseScratch(workspace, K),
              [&](std::int64_t first, std::int64_t count, double* z) {
                apply_curvatures(curvatures, set, first, count, K, z);
                add_row_sums(count, K, z, nullptr, sums);
              });
}

template <class View>
void sparse_curvature_diagonal(const View& X, RowSet set, const double*, std::int64_t K,
                               const RowCurvatures& curvatures, GradientSums& sums, double*) {
  for (std::int64_t i = 0; i < set.count; ++i) {
    const std::int64_t row = set[i];
    const auto end = static_cast<std::int64_t>(X.indptr[row + 1]);
    for (std::int64_t k = 0; k < K; ++k) {
      const double c = own_curvature(curvatures, row, K, k);
      sums.intercept[k] += c;
      if (c == 0.0) continue;
      for (auto at = static_cast<std::int64_t>(X.indptr[row]); at < end; ++at) {
        const double x = static_cast<double>(X.data[at]);
        sums.coef[static_cast<std::int64_t>(X.indices[at]) * K + k] += c * x * x;
      }
    }
  }
}

template <class View>
void sparse_margins(const View& X, RowSet set, const LinearModel& model, std::int64_t K, double* out, double*) {
  for (std::int64_t i = 0; i < set.count; ++i) sparse_margin(X, set[i], model.coef, K, model.intercept, K, out + i * K);
}

/// Stored values by column: count, mean and m2 of the non-zeros (Welford), then the absent zeros merged in.
template <class View>
void sparse_moments(const View& X, RowSet set, const double* weight, MomentSums& sums, double* workspace) {
  const std::int64_t d = X.columns;
  double* seen = workspace;
  for (std::int64_t j = 0; j < d; ++j) seen[j] = sums.mean[j] = sums.m2[j] = 0.0;
  sums.weight = 0.0;
  for (std::int64_t i = 0; i < set.count; ++i) {
    const std::int64_t row = set[i];
    const double s = weight != nullptr ? weight[row] : 1.0;
    if (!(s > 0.0)) continue;
    sums.weight += s;
    for (auto at = static_cast<std::int64_t>(X.indptr[row]); at < static_cast<std::int64_t>(X.indptr[row + 1]); ++at) {
      const auto j = static_cast<std::int64_t>(X.indices[at]);
      const double deviation = static_cast<double>(X.data[at]) - sums.mean[j];
      seen[j] += s;
      sums.mean[j] += deviation * (s / seen[j]);
      sums.m2[j] += s * deviation * (static_cast<double>(X.data[at]) - sums.mean[j]);
    }
  }
  for (std::int64_t j = 0; j < d; ++j) {
    if (!(seen[j] > 0.0)) continue;
    const double absent = sums.weight - seen[j];
    sums.m2[j] += sums.mean[j] * sums.mean[j] * seen[j] * (absent / sums.weight);
    sums.mean[j] *= seen[j] / sums.weight;
  }
}

template <class View>
void sparse_squared_gradients(const View& X, RowSet set, const LinearModel& model, const Targets& targets,
                              const LossSpec& loss, GradientSums& sums, double* workspace) {
  const std::int64_t K = loss.columns;
  double* z = workspace;
  for (std::int64_t i = 0; i < set.count; ++i) {
    const std::int64_t row = set[i];
    const double s = targets.weight != nullptr ? targets.weight[row] : 1.0;
    sparse_margin(X, row, model.coef, K, model.intercept, K, z);
    sums.loss += loss_rows(loss, 1, z, targets.y + row, nullptr, z);
    for (std::int64_t k = 0; k < K; ++k) {
      const double square = s * z[k] * z[k];
      sums.intercept[k] += square;
      for (auto at = static_cast<std::int64_t>(X.indptr[row]); at < static_cast<std::int64_t>(X.indptr[row + 1]);
           ++at) {
        const double x = static_cast<double>(X.data[at]);
        sums.coef[static_cast<std::int64_t>(X.indices[at]) * K + k] += square * x * x;
      }
    }
    sums.weight += s;
  }
}

template <class View>
double sparse_row_dot(const View& X, std::int64_t row, const double*, const double* v) {
  return sparse_dot(X, row, v, 1);
}
template <class View>
void sparse_row_axpy(const View& X, std::int64_t row, const double*, double a, double* v) {
  sparse_axpy(X, row, a, v, 1);
}
template <class View>
double sparse_row_norm(const View& X, std::int64_t row, const double*, const double* scale) {
  double out = 0.0;
  for (auto at = static_cast<std::int64_t>(X.indptr[row]); at < static_cast<std::int64_t>(X.indptr[row + 1]); ++at) {
    const double x = static_cast<double>(X.data[at]) * (scale != nullptr ? scale[X.indices[at]] : 1.0);
    out += x * x;
  }
  return out;
}

template <class View>
Status sparse_check_finite(const View& X, RowSet set) {
  for (std::int64_t i = 0; i < set.count; ++i) {
    double probe = 0.0;
    const std::int64_t row = set[i];
    for (auto at = static_cast<std::int64_t>(X.indptr[row]); at < static_cast<std::int64_t>(X.indptr[row + 1]); ++at) {
      probe += 0.0 * static_cast<double>(X.data[at]);
    }
    if (!(probe == 0.0)) return {Code::non_finite, row};
  }
  return {};
}

}  // namespace
}  // namespace gradstream::kernels
