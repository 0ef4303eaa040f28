// What the bank's lanes do with a row: measure it, move, and be weighed by how well they predicted.
#pragma once

#include "kernels/bank_row-inl.hpp"

namespace gradstream::kernels {
namespace {

/// The lane that rests at a batch solution wakes when its weight has fallen to this.
inline constexpr double kRestingWeight = 1e-3;

/// AdaGrad's accumulator takes in (r x)^2, r^2 the mean of its lanes: one square root serves four lanes. Leaves c
/// and c x behind; q (K, 8): |x|^2 for gradient descent, sum_j c_j x_j^2 for AdaGrad; returns the largest c.
template <bool kMany, class T>
GRADSTREAM_INLINE double measure_bank(const BankColumns& columns, const BankRow<T>& row, double norm) {
  const std::int64_t K = columns.count();
  const ColumnValue<kMany> squares = [&]() -> ColumnValue<kMany> {
    if constexpr (kMany) {
      for (std::int64_t i = 0, k = 0; i < row.n; ++i, k = k + 1 == K ? 0 : k + 1) row.column[i] = columns.mean[k];
    }
    return {columns.mean[0], row.column};
  }();
  const double seen = columns.spec->optimizer.initial_accumulator * (1.0 + 1e-6);
  Wide sum(0.0), largest(0.0);
  for (std::int64_t i = 0; i < row.n; i += kLanes) {
    const Wide x = load<Wide>(row.x + i);
    const Wide total = load<Wide>(row.plane[kBankLanes] + i) + Wide(columns.s) * squares.template at<Wide>(i) * (x * x);
    const Wide c = where(total > Wide(seen), Wide(1.0) / square_root(total), Wide(0.0));
    const Wide cx = c * x;
    store(row.plane[kBankLanes] + i, total);
    store(row.rate + i, c);
    store(row.moved + i, cx);
    if constexpr (!kMany) sum += cx * x;
    largest = maximum(largest, c);
  }
  double* const q = columns.q;
  for (std::int64_t k = 0; k < K; ++k) {
    for (int l = 0; l < kBankLanes; ++l) q[k * kBankLanes + l] = l < kBankSgdLanes ? norm : 0.0;
  }
  if constexpr (kMany) {
    for (std::int64_t i = 0, k = 0; i < row.n; ++i, k = k + 1 == K ? 0 : k + 1) {
      q[k * kBankLanes + kBankSgdLanes] += row.moved[i] * row.x[i];
    }
  } else {
    q[kBankSgdLanes] = sum_lanes(sum);
  }
  double lanes[kLanes];
  store(lanes, largest);
  double top = 0.0;
  for (int l = 0; l < kLanes; ++l) top = lanes[l] > top ? lanes[l] : top;
  return top;
}

/// The intercept as one more coordinate with x = 1: its accumulator, its share of q, and its rate.
inline double measure_intercept(const BankColumns& columns, std::int64_t k) {
  const std::int64_t K = columns.count();
  double* const q = columns.q + k * kBankLanes;
  double c = 0.0;
  if (columns.spec->fit_intercept) {
    double& total = columns.bias[kBankLanes * K + k];
    total += columns.s * columns.mean[k];
    if (total > columns.spec->optimizer.initial_accumulator * (1.0 + 1e-6)) c = 1.0 / square_root(One(total)).v;
  }
  for (int l = kBankSgdLanes; l < kBankLanes; ++l) q[l] = q[kBankSgdLanes];
  for (int l = kBankSgdLanes; l < kBankLanes; ++l) q[l] += c;
  return c;
}

/// exp(-a) for 0 <= a < 2^-6, Taylor to 4e-17.
template <class V>
GRADSTREAM_INLINE V exp_near_zero(V a) {
  const V a2 = a * a;
  return (V(1.0) - a) +
         a2 * ((V(0.5) - a * V(1.0 / 6.0)) + a2 * ((V(1.0 / 24.0) - a * V(1.0 / 120.0)) + a2 * V(1.0 / 720.0)));
}

/// w = flow(w + u x) of gradient descent in lane l; the penalty acts for `tau`.
template <class Penalty, class T, class U>
GRADSTREAM_INLINE void move_uniform(const BankRow<T>& row, const PenaltySpec& spec, T* w, double tau, const U& u) {
  const auto flow = Penalty::flow(spec, One(tau));
  const penalties::Flow<Wide> wide{Wide(flow.decay.v), Wide(flow.threshold.v)};
  for (std::int64_t i = 0; i < row.n; i += kLanes) {
    const Wide moved = load<Wide>(w + i) + u.template at<Wide>(i) * load<Wide>(row.x + i);
    store(w + i, Penalty::apply(moved, wide));
  }
}

/// w = flow(w + u c x) of AdaGrad; the penalty acts for `tau` c. `small`: l2 tau c < 2^-6 everywhere.
template <class Penalty, class T, class U>
GRADSTREAM_INLINE void move_adagrad(const BankRow<T>& row, const PenaltySpec& spec, T* w, double tau, bool small,
                                    const U& u) {
  const auto each = [&](auto&& penalise) {
    for (std::int64_t i = 0; i < row.n; i += kLanes) {
      const Wide moved = load<Wide>(w + i) + u.template at<Wide>(i) * load<Wide>(row.moved + i);
      store(w + i, penalise(moved, Wide(tau) * load<Wide>(row.rate + i)));
    }
  };
  if constexpr (std::is_same_v<Penalty, penalties::L2>) {
    if (small) return each([&](Wide moved, Wide length) { return moved * exp_near_zero(Wide(spec.l2) * length); });
  }
  each([&](Wide moved, Wide length) { return Penalty::apply(moved, Penalty::flow(spec, length)); });
}

/// Every lane moves by its own u. `c_top`: the largest rate of AdaGrad in this row.
template <class Penalty, bool kMany, class T>
GRADSTREAM_INLINE void move_bank(const BankColumns& columns, const BankRow<T>& row, double c_top) {
  const std::int64_t K = columns.count();
  const PenaltySpec& penalty = columns.spec->penalty;
  for (int l = 0; l < kBankLanes; ++l) {
    ColumnValue<kMany> u{columns.u[l], row.column};
    if constexpr (kMany) {
      for (std::int64_t i = 0, k = 0; i < row.n; ++i, k = k + 1 == K ? 0 : k + 1) {
        row.column[i] = columns.u[k * kBankLanes + l];
      }
    }
    if (l < kBankSgdLanes) {
      move_uniform<Penalty>(row, penalty, row.plane[l], columns.h[l], u);
    } else {
      const bool small = penalty.l2 * columns.h[l] * c_top < 0.015625;
      move_adagrad<Penalty>(row, penalty, row.plane[l], columns.h[l], small, u);
    }
  }
}

/// Weights follow the lanes' losses: Bayes' rule, then every lane gives `share` of its weight to all (fixed share).
/// `temper`: what makes a loss a negative log-likelihood.
inline void weigh_lanes(const BankColumns& columns, Experts& experts, double temper) {
  const double factor = columns.s * temper;
  double least = std::numeric_limits<double>::infinity();
  for (int l = 0; l < kBankLanes; ++l) least = columns.loss[l] < least ? columns.loss[l] : least;
  double posterior[kBankLanes];
  each_lane_pack([&](int l) {
    const Wide gap = load<Wide>(columns.loss + l) - Wide(least);
    store(posterior + l, load<Wide>(experts.weight + l) * exp(-(Wide(factor) * gap)));
  });
  double total = 0.0;
  for (int l = 0; l < kBankLanes; ++l) total += posterior[l];
  double share = columns.spec->bank.share;
  if (columns.s != 1.0) share = -expm1(One(columns.s) * log1p(One(-share))).v;
  const double kept = (1.0 - share) / total, given = share / kBankLanes;
  for (int l = 0; l < kBankLanes; ++l) experts.weight[l] = kept * posterior[l] + given;
  experts.mixture_loss += factor * least - logarithm(One(total)).v;
}

/// Length of every lane's step: rates of gradient descent are over the running mean of |x|^2.
inline void lengthen_steps(BankColumns& columns, const Counters& counters, Experts& experts, double norm) {
  experts.norm += (norm - experts.norm) * (columns.s / (experts.counted + columns.s));
  const double inverse = experts.norm > 0.0 ? 1.0 / experts.norm : 0.0;
  const BankSpec& bank = columns.spec->bank;
  for (int l = 0; l < kBankLanes; ++l) {
    columns.h[l] = bank.rate[l] * columns.s * (l < kBankSgdLanes ? inverse : columns.deviation);
  }
  if (resting(experts, counters)) columns.h[0] = 0.0;
}

/// u (K, 8): the importance-invariant displacement.
inline void displace_lanes(const BankColumns& columns) {
  columns.invariant(columns.spec->loss, columns.z, columns.y, columns.h, columns.q, columns.u);
}

inline void move_intercepts(const BankColumns& columns, std::int64_t k, double c) {
  const double uniform = columns.spec->fit_intercept ? 1.0 : 0.0;
  for (int l = 0; l < kBankLanes; ++l) {
    columns.bias[l * columns.count() + k] += columns.u[k * kBankLanes + l] * (l < kBankSgdLanes ? uniform : c);
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
  counters.t += columns.s;
  counters.steps += 1.0;
  counters.clock += experts.norm > 0.0 ? columns.s / experts.norm : 0.0;
  counters.samples += 1.0;
  if (wakes) experts.woken = counters.clock;
  return all_finite(columns.u, K * kBankLanes);
}

template <class Penalty, bool kMany, class T>
void finish_step(const BankColumns& columns, const BankRow<T>& row) {
  for (std::int64_t k = 0; k < columns.count(); ++k) move_intercepts(columns, k, columns.mean[k]);
  move_bank<Penalty, kMany>(columns, row, columns.c_top);
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
