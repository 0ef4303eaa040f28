// Every hot function as a pointer, one table per instruction set. Callers look a function up once per block of rows.
#pragma once

#include <cstdint>

#include "core/spec.hpp"
#include "core/status.hpp"
#include "kernels/bank.hpp"
#include "kernels/sklearn_sgd.hpp"
#include "kernels/stream.hpp"
#include "views/rows.hpp"

namespace gradstream::kernels {

/// Margins z_k = sum_j (x_j - center_j) coef[j][k] + intercept_k. coef (d, K) row-major; center (d,) or null.
struct LinearModel {
  const double* coef;
  const double* center;
  const double* intercept;
};

/// Indexed by absolute row number; `weight` may be null (all 1). y as losses expect it (numerics.md).
struct Targets {
  const double* y;
  const double* weight;
};

/// What the same rows add at w = 0, of one column: coef (d,) += s r (x - center), slope += s r, loss.
struct BlankSums {
  double intercept;
  double* coef;
  double slope = 0.0;
  double loss = 0.0;
};

/// Sums over rows: loss += s loss(z, y); coef[j][k] += s r_k (x_j - center_j); intercept_k += s r_k; weight += s.
/// `margins`: where given, z (n, K) is kept there, by absolute row number. `blank`: where given, added up in the same
/// read (dense rows, one column).
struct GradientSums {
  double* coef;
  double* intercept;
  double loss = 0.0;
  double weight = 0.0;
  double* margins = nullptr;
  BlankSums* blank = nullptr;
};

/// Second derivatives of the rows' weighted losses in their margins, (n, K) by absolute row number. Of a softmax, whose
/// columns are not separate, the probabilities; of squares null: they are the weights. `weight` (null: all 1) is read
/// for these two alone.
struct RowCurvatures {
  const double* values;
  const double* weight;
  bool softmax;
};

/// Some rows twice, (rows, width) each, `left` times weights of their own. `width` is a multiple of kGramWidth; rows of
/// the sums are `stride` doubles apart.
inline constexpr std::int64_t kGramWidth = 8;
struct GramTile {
  std::int64_t rows;
  std::int64_t width;
  const double* left;
  const double* right;
  std::int64_t stride = width;
};

/// Rows and m targets, less a shift, times themselves: sums (width, width) += s v v' of v = (x - shift, 1, y - shift,
/// zeros), where of the lower triangle what concerns two targets is of no meaning; squares (m,) += s (y - shift)^2.
struct GramJob {
  const double* shift;   // (d + m,)
  const double* y;       // (n, m), indexed by absolute row number
  const double* weight;  // (n,) or null
  std::int64_t targets;  // m
  double* sums;
  double* squares;
  bool row_by_row = false;  // CSR rows that store few of their columns
};
inline constexpr std::int64_t kGramTile = 64;  // rows
inline constexpr std::int64_t gram_width(std::int64_t d, std::int64_t targets) {
  return (d + targets + kGramWidth) / kGramWidth * kGramWidth;
}
/// Doubles of scratch: a tile, the tile times weights, the tile out of a strided view, the way to the next line.
inline constexpr std::int64_t gram_workspace(std::int64_t d, std::int64_t targets) {
  return kGramTile * (2 * gram_width(d, targets) + d) + kGramWidth;
}

/// Weighted mean and sum of squared deviations of every column over some rows, (d,) each.
struct MomentSums {
  double* mean;
  double* m2;
  double weight = 0.0;
};

template <class View>
struct ViewKernels {
  /// Doubles of scratch `loss_gradient` needs for d features and K columns.
  std::int64_t (*workspace)(const View&, std::int64_t columns);
  /// Adds to `sums`; rows of weight 0 add exactly 0 whatever they hold. Row by row in order, so a split of the rows
  /// into calls gives the same bits (dense).
  void (*loss_gradient)(const View&, RowSet, const LinearModel&, const Targets&, const LossSpec&, GradientSums&,
                        double* workspace);
  /// Adds the Hessian of the weighted losses times a direction to `sums`, coef and intercept; scratch as for
  /// loss_gradient.
  void (*curvature_product)(const View&, RowSet, const LinearModel& direction, std::int64_t columns,
                            const RowCurvatures&, GradientSums&, double* workspace);
  /// Adds the diagonal of that Hessian.
  void (*curvature_diagonal)(const View&, RowSet, const double* center, std::int64_t columns, const RowCurvatures&,
                             GradientSums&, double* workspace);
  /// out[i][k] = margin of the i-th row of the set; out (count, K).
  void (*margins)(const View&, RowSet, const LinearModel&, std::int64_t columns, double* out, double* workspace);
  /// Overwrites `sums` with the moments of the rows (two passes over each tile, tiles merged as in Chan et al. 1983).
  void (*moments)(const View&, RowSet, const double* weight, MomentSums& sums, double* workspace);
  /// squares[j][k] += s (r_k (x_j - center_j))^2 for the rows; intercept_squares_k += s r_k^2.
  void (*squared_gradients)(const View&, RowSet, const LinearModel&, const Targets&, const LossSpec&, GradientSums&,
                            double* workspace);
  /// One row against a dense vector: sum_j (x_j - center_j) v_j and v_j += a (x_j - center_j). For coordinate methods
  /// over rows.
  double (*row_dot)(const View&, std::int64_t row, const double* center, const double* v);
  void (*row_axpy)(const View&, std::int64_t row, const double* center, double a, double* v);
  /// sum_j ((x_j - center_j) scale_j)^2
  double (*row_norm)(const View&, std::int64_t row, const double* center, const double* scale);
  /// First row holding NaN or an infinity, else ok.
  Status (*check_finite)(const View&, RowSet);
  /// Doubles of scratch the three functions below need for these rows, or some of them.
  std::int64_t (*stream_workspace)(const View&, RowSet, std::int64_t columns);
  /// Row by row: report, standardise, step. Stops at the first row whose margin is not finite.
  Status (*learn)(const View&, RowSet, StreamJob<typename View::value_type>&);
  /// Margins of the state as it stands; changes nothing.
  Status (*report)(const View&, RowSet, const StreamJob<typename View::value_type>&);
  /// Adds rows to the sums of the unfinished block.
  Status (*accumulate)(const View&, RowSet, StreamJob<typename View::value_type>&);
  /// The bank: doubles of scratch, learning row by row, and margins of its averaged model.
  std::int64_t (*bank_workspace)(const View&, RowSet, std::int64_t columns);
  Status (*bank_learn)(const View&, RowSet, BankJob<typename View::value_type>&);
  Status (*bank_report)(const View&, RowSet, const BankJob<typename View::value_type>&);
  void (*gram)(const View&, RowSet, const GramJob&, double* workspace);
};

struct KernelTable {
  const char* name;
  ViewKernels<DenseView<float>> dense_f32;
  ViewKernels<DenseView<double>> dense_f64;
  ViewKernels<StridedView<float>> strided_f32;
  ViewKernels<StridedView<double>> strided_f64;
  ViewKernels<CsrView<float, std::int32_t>> csr_f32_i32;
  ViewKernels<CsrView<float, std::int64_t>> csr_f32_i64;
  ViewKernels<CsrView<double, std::int32_t>> csr_f64_i32;
  ViewKernels<CsrView<double, std::int64_t>> csr_f64_i64;

  /// z (n, K), y (n,), s (n,) or null -> r (n, K) holding s r_k, and the sum of s loss. In place allowed for r = z.
  /// Rows of weight 0 give 0.
  double (*loss_rows)(const LossSpec&, std::int64_t n, const double* z, const double* y, const double* s, double* r);
  /// Importance-invariant displacement per unit of q (numerics.md), element by element.
  void (*invariant_steps)(const LossSpec&, std::int64_t n, const double* z, const double* y, const double* h,
                          const double* q, double* u);
  /// losses::LogLoss::dual_share.
  double (*logistic_share)(double margin, double share, double q, double* slope);
  void (*penalty_flow)(const PenaltySpec&, std::int64_t n, const double* tau, double* w);
  /// One step of every coordinate with the gradient given: slots, weights, then the penalty for eta kappa c.
  void (*step_f32)(const Spec&, const optimizers::StepContext&, std::int64_t n, const double* g, double kappa,
                   float* const* slots);
  void (*step_f64)(const Spec&, const optimizers::StepContext&, std::int64_t n, const double* g, double kappa,
                   double* const* slots);
  /// Pending penalty and decay of n coordinates last stepped `elapsed` steps and `lag` of clock ago, at their own step
  /// number `step`.
  void (*catch_up)(const Spec&, const optimizers::StepContext&, std::int64_t n, const double* lag,
                   const double* elapsed, const double* step, double* const* slots);
  /// Pays the penalty that n sparse weights have been owed for `descent` and `adagrad` of the two clocks: w (n, 8), the
  /// accumulators `total`; lags are overwritten. All but w have room for whole packs.
  void (*settle_bank)(const Spec&, std::int64_t n, double awake, const double* total, double* descent, double* adagrad,
                      double* w);
  /// sums (width, width) += left' right, lower triangle; what it adds above, within the width, is of no meaning.
  void (*add_gram)(const GramTile&, double* sums);
  double (*schedule_rate)(const ScheduleSpec&, double t, double epoch);
  /// Rate and bias corrections of the step that comes next.
  void (*prepare_step)(const Spec&, const Counters&, optimizers::StepContext&);
  /// scale = 1/sd, 0 for a constant column.
  void (*inverse_deviation)(std::int64_t n, const double* mean, const double* m2, double weight, double* scale);
  SgdKernels sklearn_sgd;

  const ViewKernels<DenseView<float>>& of(const DenseView<float>&) const { return dense_f32; }
  const ViewKernels<DenseView<double>>& of(const DenseView<double>&) const { return dense_f64; }
  const ViewKernels<StridedView<float>>& of(const StridedView<float>&) const { return strided_f32; }
  const ViewKernels<StridedView<double>>& of(const StridedView<double>&) const { return strided_f64; }
  const ViewKernels<CsrView<float, std::int32_t>>& of(const CsrView<float, std::int32_t>&) const { return csr_f32_i32; }
  const ViewKernels<CsrView<float, std::int64_t>>& of(const CsrView<float, std::int64_t>&) const { return csr_f32_i64; }
  const ViewKernels<CsrView<double, std::int32_t>>& of(const CsrView<double, std::int32_t>&) const {
    return csr_f64_i32;
  }
  const ViewKernels<CsrView<double, std::int64_t>>& of(const CsrView<double, std::int64_t>&) const {
    return csr_f64_i64;
  }
};

/// The table in use: the best this CPU has, or what GRADSTREAM_ISA names (kernels/select.cpp).
const KernelTable& table();

}  // namespace gradstream::kernels
