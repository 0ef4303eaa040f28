// What the bank's lanes do with a row: measure it, move, and be weighed by how well they predicted.
#pragma once

#include "kernels/bank_row-inl.hpp"

namespace gradstream::kernels {
namespace {

/// The lane that rests at a batch solution wakes when its weight has fallen to this.
inline constexpr double kRestingWeight = 1e-3;

/// AdaGrad's rate of an accumulator; 0 before any gradient.
template <class V>
GRADSTREAM_INLINE V adagrad_rate(const Spec& spec, V total) {
  const V seen(spec.optimizer.initial_accumulator * (1.0 + 1e-6));
  return where(total > seen, inverse_square_root(total), V(0.0));
}

/// AdaGrad's accumulator takes in (r x)^2, r^2 the mean of its lanes: one square root serves four lanes. Leaves c
/// and c x behind, and the row's lengths: |x|^2, sum_j c_j x_j^2 per column; returns the largest c.
template <bool kMany, class T>
GRADSTREAM_INLINE double measure_bank(BankColumns& columns, const BankRow<T>& row, double norm) {
  const std::int64_t K = columns.count();
  const ColumnValue<kMany> squares = [&]() -> ColumnValue<kMany> {
    if constexpr (kMany) spread(row.n, K, columns.mean, row.column);
    return {columns.mean[0], row.column};
  }();
  Wide sum(0.0), largest(0.0);
  for (std::int64_t i = 0; i < row.n; i += kLanes) {
    const Wide x = load<Wide>(row.x + i);
    const Wide total = load<Wide>(row.plane[kBankLanes] + i) + Wide(columns.s) * squares.template at<Wide>(i) * (x * x);
    const Wide c = adagrad_rate(*columns.spec, total);
    const Wide cx = c * x;
    store(row.plane[kBankLanes] + i, total);
    store(row.rate + i, c);
    store(row.moved + i, cx);
    if constexpr (!kMany) sum += cx * x;
    largest = maximum(largest, c);
  }
  columns.norm = norm;
  if constexpr (kMany) {
    for (std::int64_t k = 0; k < K; ++k) columns.length[k] = 0.0;
    for (std::int64_t i = 0, k = 0; i < row.n; ++i, k = k + 1 == K ? 0 : k + 1) {
      columns.length[k] += row.moved[i] * row.x[i];
    }
  } else {
    columns.length[0] = sum_lanes(sum);
  }
  return largest_lane(largest);
}

/// The intercept as one more coordinate with x = 1: its accumulator, its rate, and q (K, 8), its share of it included:
/// |x|^2 for gradient descent, sum_j c_j x_j^2 for AdaGrad.
inline double measure_intercept(const BankColumns& columns, std::int64_t k) {
  const std::int64_t K = columns.count();
  double c = 0.0;
  if (columns.spec->fit_intercept) {
    double& total = columns.bias[kBankLanes * K + k];
    total += columns.s * columns.mean[k];
    c = adagrad_rate(*columns.spec, One(total)).v;
  }
  each_lane_pack([&](int l) { store(columns.q + k * kBankLanes + l, halves(columns.norm, columns.length[k] + c, l)); });
  return c;
}

/// Below this much of l2 over a step, a short series gives its decay.
inline constexpr double kTinyDecay = 1.0 / 1024.0;

/// exp(-a) for 0 <= a < kTinyDecay, Taylor to 8e-18.
template <class V>
GRADSTREAM_INLINE V exp_near_zero(V a) {
  return (V(1.0) - a) + (a * a) * ((V(0.5) - a * V(1.0 / 6.0)) + (a * a) * V(1.0 / 24.0));
}

/// The share of a lane's columns in a step: u, once for all features or spread over the columns.
template <bool kMany, class T>
GRADSTREAM_INLINE ColumnValue<kMany> lane_steps(const BankColumns& columns, const BankRow<T>& row, int l) {
  if constexpr (kMany) {
    const std::int64_t K = columns.count();
    for (std::int64_t i = 0, k = 0; i < row.n; ++i, k = k + 1 == K ? 0 : k + 1) {
      row.column[i] = columns.u[k * kBankLanes + l];
    }
  }
  return {columns.u[l], row.column};
}

/// w = flow(w + u x) of gradient descent, w = flow(w + u c x) of AdaGrad: the penalty acts for h, and for h c.
template <class Penalty, bool kMany, class T>
void move_lanes(const BankColumns& columns, const BankRow<T>& row) {
  const PenaltySpec& penalty = columns.spec->penalty;
  for (int l = 0; l < kBankLanes; ++l) {
    const ColumnValue<kMany> u = lane_steps<kMany>(columns, row, l);
    const Wide tau(columns.h[l]);
    const bool uniform = l < kBankSgdLanes;
    const double* const step = uniform ? row.x : row.moved;
    penalties::Flow<Wide> flow = Penalty::flow(penalty, tau);
    for (std::int64_t i = 0; i < row.n; i += kLanes) {
      if (!uniform) flow = Penalty::flow(penalty, tau * load<Wide>(row.rate + i));
      const Wide moved = load<Wide>(row.plane[l] + i) + u.template at<Wide>(i) * load<Wide>(step + i);
      store(row.plane[l] + i, Penalty::apply(moved, flow));
    }
  }
}

/// The same for one column and no penalty but a tiny l2, which is nearly every step of nearly every model: all lanes of
/// a pack of features at once, and the sums with the row to come from the weights as they are stored.
template <class T>
void move_lanes_tiny(const BankColumns& columns, const BankRow<T>& row) {
  const double l2 = columns.spec->penalty.l2;
  double decays[kBankLanes];
  each_lane_pack([&](int l) { store(decays + l, exp_negative(-(Wide(l2) * load<Wide>(columns.h + l)))); });
  Wide u[kBankLanes], sums[kBankLanes], decay[kBankSgdLanes], strength[kBankSgdLanes];
  for (int l = 0; l < kBankLanes; ++l) {
    u[l] = Wide(columns.u[l]);
    sums[l] = Wide(0.0);
  }
  for (int l = 0; l < kBankSgdLanes; ++l) {
    decay[l] = Wide(decays[l]);
    strength[l] = Wide(l2 * columns.h[kBankSgdLanes + l]);
  }
  for (std::int64_t i = 0; i < row.n; i += kLanes) {
    const Wide x = load<Wide>(row.x + i), cx = load<Wide>(row.moved + i), c = load<Wide>(row.rate + i);
    const Wide next = load<Wide>(row.next + i);
    const auto put = [&](int l, Wide value) {
      store(row.plane[l] + i, value);
      if constexpr (std::is_same_v<T, double>) {
        sums[l] += next * value;
      } else {
        sums[l] += next * load<Wide>(row.plane[l] + i);  // as rounded
      }
    };
    for (int l = 0; l < kBankSgdLanes; ++l) put(l, (load<Wide>(row.plane[l] + i) + u[l] * x) * decay[l]);
    for (int l = kBankSgdLanes; l < kBankLanes; ++l) {
      put(l, (load<Wide>(row.plane[l] + i) + u[l] * cx) * exp_near_zero(strength[l - kBankSgdLanes] * c));
    }
  }
  each_lane_pack([&](int l) { store(columns.sums + l, sums_of_each(sums + l)); });
}

/// Weights follow the lanes' losses: Bayes' rule, then every lane gives `share` of its weight to all (fixed share).
/// `temper`: what makes a loss a negative log-likelihood.
inline void weigh_lanes(const BankColumns& columns, Experts& experts, double temper) {
  const double factor = columns.s * temper;
  Wide nearest(-std::numeric_limits<double>::infinity()), total(0.0);
  each_lane_pack([&](int l) { nearest = maximum(nearest, -load<Wide>(columns.loss + l)); });
  const double least = -largest_lane(nearest);
  Wide posterior[kBankLanes / kLanes];
  each_lane_pack([&](int l) {
    const Wide gap = load<Wide>(columns.loss + l) - Wide(least);
    posterior[l / kLanes] = load<Wide>(experts.weight + l) * exp_negative(-(Wide(factor) * gap));
    total += posterior[l / kLanes];
  });
  const double evidence = sum_lanes(total);
  double share = columns.spec->bank.share;
  if (columns.s != 1.0) share = -expm1(One(columns.s) * log1p(One(-share))).v;
  const Wide kept((1.0 - share) / evidence), given(share / kBankLanes);
  each_lane_pack([&](int l) { store(experts.weight + l, kept * posterior[l / kLanes] + given); });
  experts.mixture_loss += factor * least;
  experts.evidence *= evidence;
  if (experts.evidence > 1e-100) return;
  experts.mixture_loss -= logarithm(One(experts.evidence)).v;  // one logarithm for many rows
  experts.evidence = 1.0;
}

/// Length of every lane's step: rates of gradient descent are over the running mean of |x|^2 and the loss's curvature.
inline void lengthen_steps(BankColumns& columns, const Counters& counters, Experts& experts, double norm) {
  experts.norm += (norm - experts.norm) * (columns.s / (experts.counted + columns.s));
  const double inverse = experts.norm > 0.0 ? 1.0 / (experts.norm * columns.curvature) : 0.0;
  each_lane_pack([&](int l) {
    const Wide rate = load<Wide>(columns.spec->bank.rate + l);
    store(columns.h + l, rate * halves(columns.s * inverse, columns.s * columns.deviation, l));
  });
  if (resting(experts, counters)) columns.h[0] = 0.0;
}

/// u (K, 8): the importance-invariant displacement.
inline void displace_lanes(const BankColumns& columns) {
  columns.invariant(columns.spec->loss, columns.z, columns.y, columns.h, columns.q, columns.u);
}

/// Of one column in whole packs: the next margins would wait for eight narrow stores.
inline void move_intercepts(const BankColumns& columns, std::int64_t k, double c) {
  const std::int64_t K = columns.count();
  const double uniform = columns.spec->fit_intercept ? 1.0 : 0.0;
  if (K == 1) {
    each_lane_pack([&](int l) {
      store(columns.bias + l, load<Wide>(columns.bias + l) + load<Wide>(columns.u + l) * halves(uniform, c, l));
    });
    return;
  }
  for (int l = 0; l < kBankLanes; ++l) {
    columns.bias[l * K + k] += columns.u[k * kBankLanes + l] * (l < kBankSgdLanes ? uniform : c);
  }
}

/// columns.mean: the mean of r^2 over AdaGrad's lanes. (Of the averaged model alone it can stay near 0 while lanes are
/// far off: rates explode.)
inline void mean_squares(const BankColumns& columns) {
  for (std::int64_t k = 0; k < columns.count(); ++k) {
    double square = 0.0;
    for (int l = kBankSgdLanes; l < kBankLanes; ++l) {
      const double r = columns.r[k * kBankLanes + l];
      square += r * r;
    }
    columns.mean[k] = square / (kBankLanes - kBankSgdLanes);
  }
}

/// From the margins in `columns.z` to the displacements: all that the row's step waits for. False, the weights
/// untouched, when one is not finite. `row`: of all planes only the accumulator.
template <bool kMany, class T>
bool begin_step(BankColumns& columns, const BankRow<T>& row, Counters& counters, Experts& experts) {
  const std::int64_t K = columns.count();
  columns.evaluate(columns.spec->loss, columns.z, columns.y, columns.r, columns.loss);
  mean_squares(columns);
  const double norm = squared_norm(row.n, row.x) / static_cast<double>(K) + (columns.spec->fit_intercept ? 1.0 : 0.0);
  lengthen_steps(columns, counters, experts, norm);
  columns.c_top = measure_bank<kMany>(columns, row, norm);
  for (std::int64_t k = 0; k < K; ++k) columns.mean[k] = measure_intercept(columns, k);
  displace_lanes(columns);
  weigh_lanes(columns, experts, columns.temper);
  const bool wakes = resting(experts, counters) && experts.weight[0] < kRestingWeight;
  experts.counted += columns.s;
  experts.adagrad_clock += columns.s * columns.deviation;
  counters.t += columns.s;
  counters.steps += 1.0;
  counters.clock += experts.norm > 0.0 ? columns.s / (experts.norm * columns.curvature) : 0.0;
  counters.samples += 1.0;
  if (wakes) experts.woken = counters.clock;
  return all_finite(columns.u, K * kBankLanes);
}

template <class Penalty, bool kMany, class T>
void finish_step(const BankColumns& columns, const BankRow<T>& row) {
  for (std::int64_t k = 0; k < columns.count(); ++k) move_intercepts(columns, k, columns.mean[k]);
  const PenaltySpec& penalty = columns.spec->penalty;
  const double longest = columns.h[kBankLanes - 1] * columns.c_top;
  if (!kMany && penalty.l1 == 0.0 && penalty.l2 * longest < kTinyDecay) return move_lanes_tiny(columns, row);
  move_lanes<Penalty, kMany>(columns, row);
  if (!kMany) sum_lanes_of(row, row.next, columns);
}

/// A row's step in two parts, so that work on the next row can stand between them and be done while the first part's
/// chain of dependent operations runs.
template <class T>
struct BankSteps {
  bool (*begin)(BankColumns&, const BankRow<T>&, Counters&, Experts&);
  void (*finish)(const BankColumns&, const BankRow<T>&);
};

template <class T>
BankSteps<T> bank_steps(const Spec& spec) {
  return penalties::visit(spec.penalty, [&](auto penalty) -> BankSteps<T> {
    if (spec.loss.columns > 1) return {&begin_step<true, T>, &finish_step<decltype(penalty), true, T>};
    return {&begin_step<false, T>, &finish_step<decltype(penalty), false, T>};
  });
}

}  // namespace
}  // namespace gradstream::kernels
