// Losses and importance-invariant steps of the bank's eight lanes at once. Values per column and lane are (K, 8), lanes
// innermost.
#pragma once

#include "kernels/loss-inl.hpp"

namespace gradstream::kernels {
namespace {

/// f(l) for the first lane of every pack.
template <class F>
GRADSTREAM_INLINE void each_lane_pack(F&& f) {
  static_assert(kBankLanes % kLanes == 0);
  for (int l = 0; l < kBankLanes; l += kLanes) f(l);
}

/// `first` for the lanes of gradient descent, `second` for AdaGrad's, in the pack from lane l on.
GRADSTREAM_INLINE Wide halves(double first, double second, int l) {
  if constexpr (kLanes <= kBankSgdLanes) return Wide(l < kBankSgdLanes ? first : second);
  return where(lane_numbers<kLanes>() < Wide(static_cast<double>(kBankSgdLanes)), Wide(first), Wide(second));
}

/// r (K, 8) and the row's loss in every lane (8).
using LaneEvaluate = void (*)(const LossSpec&, const double* z, double y, double* r, double* loss);
/// u (K, 8): how far every lane's margin moves per unit of q, for steps h (8) and lengths q (K, 8).
using LaneInvariant = void (*)(const LossSpec&, const double* z, double y, const double* h, const double* q, double* u);

template <class Loss>
void evaluate_lanes(const LossSpec& spec, const double* z, double y, double* r, double* loss) {
  each_lane_pack([&](int l) {
    Wide total(0.0);
    for (std::int64_t k = 0; k < spec.columns; ++k) {
      const double target = column_target(spec, One(y), k).v;
      const auto e = Loss::evaluate(load<Wide>(z + k * kBankLanes + l), Wide(target), Wide(spec.parameter));
      store(r + k * kBankLanes + l, e.r);
      total += e.value;
    }
    store(loss + l, total);
  });
}

inline void softmax_lanes(const LossSpec& spec, const double* z, double y, double* r, double* loss) {
  const std::int64_t K = spec.columns, target = static_cast<std::int64_t>(y);
  each_lane_pack([&](int l) {
    const auto at = [&](std::int64_t k) { return k * kBankLanes + l; };
    Wide top = load<Wide>(z + at(0)), total(0.0);
    for (std::int64_t k = 1; k < K; ++k) top = maximum(top, load<Wide>(z + at(k)));
    for (std::int64_t k = 0; k < K; ++k) {
      const Wide e = exp(load<Wide>(z + at(k)) - top);
      store(r + at(k), e);
      total += e;
    }
    const Wide inverse = Wide(1.0) / total;
    for (std::int64_t k = 0; k < K; ++k) store(r + at(k), load<Wide>(r + at(k)) * inverse);
    store(r + at(target), load<Wide>(r + at(target)) - Wide(1.0));
    store(loss + l, log1p(total - Wide(1.0)) + top - load<Wide>(z + at(target)));
  });
}

/// q = 0 (a row of zeros without an intercept) moves nothing: any finite u will do.
template <class Loss>
void invariant_lanes(const LossSpec& spec, const double* z, double y, const double* h, const double* q, double* u) {
  for (std::int64_t k = 0; k < spec.columns; ++k) {
    const double target = column_target(spec, One(y), k).v;
    const auto at = k * kBankLanes;
    if constexpr (Loss::description.branch_free) {
      each_lane_pack([&](int l) {
        const Wide length = maximum(load<Wide>(q + at + l), Wide(1e-280));
        store(u + at + l, Loss::invariant_step(load<Wide>(z + at + l), Wide(target), load<Wide>(h + l), length,
                                               Wide(spec.parameter)));
      });
    } else {
      for (int l = 0; l < kBankLanes; ++l) {
        u[at + l] = scalar_invariant<Loss>(z[at + l], target, h[l], q[at + l], spec.parameter);
      }
    }
  }
}

/// Softmax has no closed form: class by class against the others, whose scores stand still, it is the logistic loss at
/// z_k - logsumexp of the others.
inline void softmax_invariant_lanes(const LossSpec& spec, const double* z, double y, const double* h, const double* q,
                                    double* u) {
  const std::int64_t K = spec.columns, target = static_cast<std::int64_t>(y);
  each_lane_pack([&](int l) {
    const auto at = [&](std::int64_t k) { return k * kBankLanes + l; };
    Wide top = load<Wide>(z + at(0)), total(0.0);
    for (std::int64_t k = 1; k < K; ++k) top = maximum(top, load<Wide>(z + at(k)));
    for (std::int64_t k = 0; k < K; ++k) total += exp(load<Wide>(z + at(k)) - top);
    for (std::int64_t k = 0; k < K; ++k) {
      const Wide others = maximum(total - exp(load<Wide>(z + at(k)) - top), Wide(1e-300));
      const Wide margin = load<Wide>(z + at(k)) - top - logarithm(others), sign(k == target ? 1.0 : -1.0);
      const Wide length = maximum(load<Wide>(q + at(k)), Wide(1e-280));
      store(u + at(k), losses::LogLoss::invariant_step(margin, sign, load<Wide>(h + l), length, Wide(0.0)));
    }
  });
}

template <std::size_t... I>
constexpr auto lane_evaluate_table(std::index_sequence<I...>) {
  return std::array<LaneEvaluate, sizeof...(I)>{&evaluate_lanes<std::tuple_element_t<I, losses::AllLosses>>...};
}
template <std::size_t... I>
constexpr auto lane_invariant_table(std::index_sequence<I...>) {
  return std::array<LaneInvariant, sizeof...(I)>{&invariant_lanes<std::tuple_element_t<I, losses::AllLosses>>...};
}
constexpr auto kLaneEvaluate = lane_evaluate_table(std::make_index_sequence<losses::kLossCount>{});
constexpr auto kLaneInvariant = lane_invariant_table(std::make_index_sequence<losses::kLossCount>{});

inline LaneEvaluate lane_evaluate(const LossSpec& spec) {
  return spec.kind == ColumnsKind::softmax ? &softmax_lanes : kLaneEvaluate[static_cast<std::size_t>(spec.loss)];
}

inline LaneInvariant lane_invariant(const LossSpec& spec) {
  return spec.kind == ColumnsKind::softmax ? &softmax_invariant_lanes
                                           : kLaneInvariant[static_cast<std::size_t>(spec.loss)];
}

}  // namespace
}  // namespace gradstream::kernels
