// scikit-learn's stochastic gradient descent as kernels see it: the rule, the columns it moves, the rows it visits. Its
// quirks (docs/guide/sgd_drop_ins.md) stay in this room: kernels/sklearn_sgd*, solvers/sklearn_sgd*.
#pragma once

#include <array>
#include <cstdint>

#include "views/rows.hpp"

namespace gradstream::kernels {

enum class SgdLoss {
  hinge,
  perceptron,
  squared_hinge,
  log_loss,
  modified_huber,
  squared_error,
  huber,
  epsilon_insensitive,
  squared_epsilon_insensitive
};
inline constexpr std::array<const char*, 9> kSgdLosses{
    "hinge",    "perceptron",          "squared_hinge",
    "log_loss", "modified_huber",      "squared_error",
    "huber",    "epsilon_insensitive", "squared_epsilon_insensitive"};

enum class SgdRate { constant, optimal, invscaling, adaptive, pa1, pa2 };
inline constexpr std::array<const char*, 6> kSgdRates{"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"};

/// What the constructor's parameters say of a step.
struct SgdRule {
  SgdLoss loss = SgdLoss::hinge;
  double epsilon = 0.1;
  SgdRate rate = SgdRate::optimal;
  double eta0 = 0.01;
  double power_t = 0.5;
  double start = 0.0;  // of "optimal": eta = 1 / (alpha (start + t - 1))
  double alpha = 0.0;
  double l1_ratio = 0.0;   // as it acts: 0 for l2, 1 for l1
  bool shrinks = false;    // l2 or elasticnet
  bool truncates = false;  // l1 or elasticnet
  bool objective = false;  // add up the objective, for stopping and reports
  bool fit_intercept = true;
  bool one_class = false;
  double intercept_decay = 1.0;  // 0.01 for sparse rows
  double average = 0.0;          // the first step that is averaged; 0: none

  bool passive_aggressive() const { return rate == SgdRate::pa1 || rate == SgdRate::pa2; }
};

/// Dense weights in memory: whole packs of `lanes`, then the rest at the end of a pack of its own with zeros before it,
/// so that a row's last pack is read from inside the row. Few features and sparse rows: one after the other.
struct SgdLayout {
  std::int64_t d;
  std::int64_t whole;  // elements in whole packs; d when `lanes` is 1 or more than d
  std::int64_t shift;  // of the elements after them
  SgdLayout(std::int64_t features, std::int64_t lanes)
      : d(features),
        whole(features < lanes ? features : features / lanes * lanes),
        shift(whole < d ? lanes - (d - whole) : 0) {}
  std::int64_t width() const { return d + shift; }
  std::int64_t at(std::int64_t j) const { return j < whole ? j : j + shift; }
};

/// One column: weights `scale v`, averaged weights `(averaged + share v) / unit`. Arrays have the layout above, `width`
/// elements each.
struct SgdColumn {
  double* v = nullptr;
  double* averaged = nullptr;  // with an average
  double* paid = nullptr;      // with l1: penalty that a weight has paid so far (Tsuruoka et al. 2009), signed
  std::int64_t width = 0;
  double scale = 1.0;
  double intercept = 0.0;
  double share = 0.0;
  double unit = 1.0;
  double averaged_intercept = 0.0;
  double owed = 0.0;  // with l1: penalty that any weight could have had so far
  double t = 1.0;
  double eta = 0.0;                      // of the schedules that no step changes
  double square = 0.0, absolute = 0.0;   // |v|^2 and |v|_1, kept when the objective is wanted
  double loss = 0.0, objective = 0.0;    // sums over rows since the epoch began
  double probe = 0.0;                    // NaN once a margin was not finite
  std::int32_t positive = 1;             // the code that is y = +1; all others are -1
  double weight[2] = {1.0, 1.0};         // of rows of y <= 0, of y > 0
  const std::uint32_t* order = nullptr;  // rows to visit; null: as they come
};

/// Codes of classes, or real targets; weights may be null. By absolute row.
struct SgdTargets {
  const std::int32_t* code = nullptr;
  const double* y = nullptr;
  const double* weight = nullptr;
};

/// Positions [begin, end) of an epoch's order, which stands up to `known`.
struct SgdVisit {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t known;
};

template <class View>
using SgdLearn = void (*)(const View&, const SgdRule&, const SgdTargets&, SgdVisit, SgdColumn&);

struct SgdKernels {
  int lanes;  // of dense layouts; sparse rows have 1
  SgdLearn<DenseView<float>> dense_f32;
  SgdLearn<DenseView<double>> dense_f64;
  SgdLearn<CsrView<float, std::int32_t>> csr_f32_i32;
  SgdLearn<CsrView<float, std::int64_t>> csr_f32_i64;
  SgdLearn<CsrView<double, std::int32_t>> csr_f64_i32;
  SgdLearn<CsrView<double, std::int64_t>> csr_f64_i64;
  /// Makes scale and unit 1.
  void (*settle)(SgdColumn&);

  auto of(const DenseView<float>&) const { return dense_f32; }
  auto of(const DenseView<double>&) const { return dense_f64; }
  auto of(const CsrView<float, std::int32_t>&) const { return csr_f32_i32; }
  auto of(const CsrView<float, std::int64_t>&) const { return csr_f32_i64; }
  auto of(const CsrView<double, std::int32_t>&) const { return csr_f64_i32; }
  auto of(const CsrView<double, std::int64_t>&) const { return csr_f64_i64; }
};

}  // namespace gradstream::kernels
