// Losses over rows and columns: what turns margins into r = dloss/dz.
#pragma once

#include <array>
#include <utility>

#include "core/spec.hpp"
#include "kernels/math-inl.hpp"
#include "losses/list.hpp"

namespace gradstream::kernels {
namespace {

/// Target of column k: the row's own y for a single column, +1/-1 for one-vs-rest.
template <class V>
GRADSTREAM_INLINE V column_target(const LossSpec& spec, V y, std::int64_t k) {
  if (spec.kind == ColumnsKind::single) return y;
  return where(y == V(static_cast<double>(k)), V(1.0), V(-1.0));
}

using ScalarEvaluate = losses::Evaluation<double> (*)(double z, double y, double parameter);
using ScalarInvariant = double (*)(double z, double y, double h, double q, double parameter);

template <class Loss>
losses::Evaluation<double> scalar_evaluate(double z, double y, double parameter) {
  const auto e = Loss::evaluate(One(z), One(y), One(parameter));
  return {e.value.v, e.r.v};
}

/// Rows of zeros do not move the margin: a plain gradient step of the intercept that is not there. Losses that are not
/// learnt row by row have no other.
template <class Loss>
double scalar_invariant(double z, double y, double h, double q, double parameter) {
  if constexpr (!Loss::description.positive) {
    if (q > 0.0) return Loss::invariant_step(One(z), One(y), One(h), One(q), One(parameter)).v;
  }
  return -h * Loss::evaluate(One(z), One(y), One(parameter)).r.v;
}

template <std::size_t... I>
constexpr auto evaluate_table(std::index_sequence<I...>) {
  return std::array<ScalarEvaluate, sizeof...(I)>{&scalar_evaluate<std::tuple_element_t<I, losses::AllLosses>>...};
}
template <std::size_t... I>
constexpr auto invariant_table(std::index_sequence<I...>) {
  return std::array<ScalarInvariant, sizeof...(I)>{&scalar_invariant<std::tuple_element_t<I, losses::AllLosses>>...};
}
constexpr auto kEvaluate = evaluate_table(std::make_index_sequence<losses::kLossCount>{});
constexpr auto kInvariant = invariant_table(std::make_index_sequence<losses::kLossCount>{});

/// Softmax of one row: r_k = p_k - [y = k]; returns logsumexp(z) - z_y. r may be z.
inline double softmax_row(std::int64_t K, const double* z, double y, double* r) {
  double top = z[0];
  for (std::int64_t k = 1; k < K; ++k) top = z[k] > top ? z[k] : top;
  const auto target = static_cast<std::int64_t>(y);
  const double z_target = z[target];
  Wide wide_total(0.0);
  double total = 0.0;
  each_pack(K, [&](auto tag, std::int64_t k) {
    using V = decltype(tag);
    const V e = exp(load<V>(z + k) - V(top));
    store(r + k, e);
    if constexpr (V::lanes == 1) {
      total += e.v;
    } else {
      wide_total += e;
    }
  });
  if constexpr (kLanes > 1) total += sum_lanes(wide_total);
  each_pack(K, [&](auto tag, std::int64_t k) {
    using V = decltype(tag);
    store(r + k, load<V>(r + k) / V(total));
  });
  r[target] -= 1.0;
  return log1p(One(total - 1.0)).v + top - z_target;
}

template <class Loss>
double loss_rows_of(const LossSpec& spec, std::int64_t n, const double* z, const double* y, const double* s,
                    double* r) {
  const std::int64_t K = spec.columns;
  Wide wide_total(0.0);
  double total = 0.0;
  const auto element = [&](auto tag, std::int64_t at, auto target, auto weight) {
    using V = decltype(tag);
    const auto e = Loss::evaluate(load<V>(z + at), target, V(spec.parameter));
    const auto counts = weight > V(0.0);  // a row of weight 0 gives 0 even where its loss is not finite
    store(r + at, where(counts, weight * e.r, V(0.0)));
    const V value = where(counts, weight * e.value, V(0.0));
    if constexpr (V::lanes == 1) {
      total += value.v;
    } else {
      wide_total += value;
    }
  };
  if (K == 1) {
    each_pack(n, [&](auto tag, std::int64_t i) {
      using V = decltype(tag);
      element(tag, i, load<V>(y + i), s != nullptr ? load<V>(s + i) : V(1.0));
    });
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      const double weight = s != nullptr ? s[i] : 1.0;
      for (std::int64_t k = 0; k < K; ++k) element(One{}, i * K + k, column_target(spec, One(y[i]), k), One(weight));
    }
  }
  if constexpr (kLanes > 1) total += sum_lanes(wide_total);
  return total;
}

inline constexpr std::int64_t kMostClasses = 64;  // side by side

/// As many rows at once as a pack has lanes, a row in each: no class is left over for single operations, and there is
/// one logarithm and one maximum for all of them (10 classes: a third of the time of one row after the other).
template <class V>
GRADSTREAM_INLINE void softmax_side_by_side(std::int64_t K, const double* z, const double* y, double* r,
                                            double* value) {
  constexpr std::int64_t lanes = V::lanes;
  double turned[kMostClasses * lanes], z_target[lanes];
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    for (std::int64_t k = 0; k < K; ++k) turned[k * lanes + lane] = z[lane * K + k];
    z_target[lane] = z[lane * K + static_cast<std::int64_t>(y[lane])];
  }
  V top = load<V>(turned), total(0.0);
  for (std::int64_t k = 1; k < K; ++k) top = maximum(load<V>(turned + k * lanes), top);
  for (std::int64_t k = 0; k < K; ++k) {
    const V e = exp(load<V>(turned + k * lanes) - top);
    store(turned + k * lanes, e);
    total += e;
  }
  store(value, log1p(total - V(1.0)) + top - load<V>(z_target));
  for (std::int64_t k = 0; k < K; ++k) store(turned + k * lanes, load<V>(turned + k * lanes) / total);
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    for (std::int64_t k = 0; k < K; ++k) r[lane * K + k] = turned[k * lanes + lane];
    r[lane * K + static_cast<std::int64_t>(y[lane])] -= 1.0;
  }
}

inline double softmax_rows(const LossSpec& spec, std::int64_t n, const double* z, const double* y, const double* s,
                           double* r) {
  const std::int64_t K = spec.columns;
  double total = 0.0;
  const auto add = [&](std::int64_t i, std::int64_t count, const double* value) {
    for (std::int64_t row = i; row < i + count; ++row, ++value) {
      const double weight = s != nullptr ? s[row] : 1.0;
      total += weight > 0.0 ? weight * *value : 0.0;
      if (s == nullptr) continue;
      for (std::int64_t k = 0; k < K; ++k) r[row * K + k] = weight > 0.0 ? weight * r[row * K + k] : 0.0;
    }
  };
  each_pack(n, [&](auto tag, std::int64_t i) {
    using V = decltype(tag);
    double value[V::lanes];
    if (K <= kMostClasses) {
      softmax_side_by_side<V>(K, z + i * K, y + i, r + i * K, value);
    } else {
      for (std::int64_t lane = 0; lane < V::lanes; ++lane) {
        value[lane] = softmax_row(K, z + (i + lane) * K, y[i + lane], r + (i + lane) * K);
      }
    }
    add(i, V::lanes, value);
  });
  return total;
}

using LossRows = double (*)(const LossSpec&, std::int64_t, const double*, const double*, const double*, double*);

template <std::size_t... I>
constexpr auto loss_rows_table(std::index_sequence<I...>) {
  return std::array<LossRows, sizeof...(I)>{&loss_rows_of<std::tuple_element_t<I, losses::AllLosses>>...};
}
constexpr auto kLossRows = loss_rows_table(std::make_index_sequence<losses::kLossCount>{});

inline LossRows loss_rows_function(const LossSpec& spec) {
  return spec.kind == ColumnsKind::softmax ? &softmax_rows : kLossRows[static_cast<std::size_t>(spec.loss)];
}

inline double loss_rows(const LossSpec& spec, std::int64_t n, const double* z, const double* y, const double* s,
                        double* r) {
  return loss_rows_function(spec)(spec, n, z, y, s, r);
}

inline void invariant_steps(const LossSpec& spec, std::int64_t n, const double* z, const double* y, const double* h,
                            const double* q, double* u) {
  const ScalarInvariant step = kInvariant[static_cast<std::size_t>(spec.loss)];
  for (std::int64_t i = 0; i < n; ++i) u[i] = step(z[i], y[i], h[i], q[i], spec.parameter);
}

inline double logistic_share(double margin, double share, double q, double* slope) {
  One at(0.0);
  const double best = losses::LogLoss::dual_share(One(margin), One(share), One(q), at).v;
  *slope = at.v;
  return best;
}

}  // namespace
}  // namespace gradstream::kernels
