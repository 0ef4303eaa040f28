// What the user asked for, as numbers: filled once from the Python specification, read by solvers and kernels.
#pragma once

#include <cstdint>

namespace gradstream {

/// How K columns of margins make one loss: a single column, independent one-vs-rest columns, or one softmax.
enum class ColumnsKind { single, one_vs_rest, softmax };

struct LossSpec {
  int loss = 0;            // position in losses/list.hpp
  double parameter = 0.0;  // huber: epsilon; tweedie: the power
  ColumnsKind kind = ColumnsKind::single;
  std::int64_t columns = 1;
  bool regression = false;
  bool real_target = false;  // regression on a target with units of its own
  bool convex = true;
  bool log_link = false;
  bool positive = false;  // finite for margins above 0 only
};

/// Strengths on the standardised coefficients: l1 = alpha l1_ratio, l2 = alpha (1 - l1_ratio).
struct PenaltySpec {
  double l1 = 0.0;
  double l2 = 0.0;
};

struct ScheduleSpec {
  int schedule = 0;  // position in schedules/list.hpp
  double eta0 = 0.1;
  double power_t = 0.5;
  double decay = 0.0;
  double alpha = 0.0;
  double t0 = 0.0;  // "optimal" only: Bottou's offset
};

struct OptimizerSpec {
  int optimizer = 0;  // position in optimizers/list.hpp
  double momentum = 0.9;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-8;
  double initial_accumulator = 1e-8;
};

/// Lanes of the bank, the learner that nobody has to tune: eight rates side by side, weighted by how well each
/// predicts. The first half steps by gradient descent over the running mean of |x|^2, the second by AdaGrad on one
/// accumulator that they share. Gradient descent wins on dense streams that drift, AdaGrad on text and categories.
inline constexpr int kBankLanes = 8;
inline constexpr int kBankSgdLanes = 4;
inline constexpr int kBankPlanes = kBankLanes + 1;  // the weights of every lane, then the accumulator

/// docs/guide/bank.md has the measurements behind the constants.
struct BankSpec {
  double rate[kBankLanes] = {0.03, 0.3, 1.0, 10.0, 0.05, 0.2, 0.5, 1.0};
  double share = 1e-4;  // of its weight that every lane gives away with every row (Herbster and Warmuth 1998)
};

/// `root_mean_square`: sparse values over the root mean square of their column's values so far, absent ones left out;
/// the bank's alone.
enum class Standardize { none, scale, center_scale, root_mean_square };

struct Spec {
  LossSpec loss;
  PenaltySpec penalty;
  ScheduleSpec schedule;
  OptimizerSpec optimizer;
  BankSpec bank;
  Standardize standardize = Standardize::none;
  bool fit_intercept = true;
  std::int64_t batch_size = 1;
};

}  // namespace gradstream
