#include "solvers/sklearn_sgd.hpp"

#include <memory>

#include "parallel/parallel_for.hpp"
#include "solvers/sklearn_sgd_column.hpp"
#include "solvers/sklearn_sgd_score.hpp"

namespace gradstream::solvers {
namespace {

/// Rows between two looks at what else there is to do; orders are known this far ahead.
constexpr std::int64_t kBlock = 1 << 15;
constexpr std::int64_t kAhead = 64;
/// Rows and features of a call that is worth a second thread.
constexpr std::int64_t kThreadElements = 1 << 16;

/// One column from its first to its last epoch.
struct Learning {
  std::int64_t k;
  SgdWork work;
  SgdOrder order;
  double best, stalled;
  SgdResult result;
  bool running = true;

  template <class C>
  Learning(const kernels::SgdRule& rule, const SgdInputs& inputs, const SgdState<C>& state, std::int64_t column,
           bool sparse)
      : k(column),
        work(state.d, sparse),
        order(inputs.rows, inputs.columns.seed[column], inputs.shuffle),
        best(state.scalars[column].best),
        stalled(state.scalars[column].stalled) {
    work.load(rule, state, inputs.columns, column);
  }
};

template <class View>
class Epochs {
 public:
  Epochs(const View& X, const kernels::SgdRule& rule, const SgdInputs& inputs)
      : X_(X), rule_(rule), inputs_(inputs), learn_(kernels::table().sklearn_sgd.of(X)) {}

  void run(Learning& one) const {
    const std::int64_t n = one.order.size();
    for (int epoch = 1; epoch <= inputs_.stopping.max_iter && one.running; ++epoch) {
      one.result.n_iter = epoch;
      if (!visit_rows(one, n)) return;
      end_epoch(one, n);
    }
    kernels::table().sklearn_sgd.settle(one.work.column);
  }

 private:
  /// False when the user wants no more.
  bool visit_rows(Learning& one, std::int64_t n) const {
    one.order.begin_epoch();
    if (rule_.objective) one.work.measure();
    kernels::SgdColumn& column = one.work.column;
    column.order = one.order.data();
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      const std::int64_t end = std::min(begin + kBlock, n), known = std::min(end + kAhead, n);
      one.order.settle(known);
      learn_(X_, rule_, inputs_.targets, {begin, end, known}, column);
      if (end < n && inputs_.interrupted && inputs_.interrupted()) {
        one.result.code = Code::interrupted;
        return false;
      }
    }
    return true;
  }

  void end_epoch(Learning& one, std::int64_t n) const {
    const SgdStopping& stopping = inputs_.stopping;
    kernels::SgdColumn& column = one.work.column;
    if (!one.work.finite()) {
      one.result.code = Code::non_finite;
      one.running = false;
      return;
    }
    double score = std::numeric_limits<double>::quiet_NaN();
    double merit = column.objective / static_cast<double>(n);
    if (stopping.early_stopping) {
      score = held_out_score(X_, rule_, inputs_, one.work);
      merit = -score;
    }
    one.stalled = stopping.tol > -std::numeric_limits<double>::infinity() && merit > one.best - stopping.tol
                      ? one.stalled + 1.0
                      : 0.0;
    if (merit < one.best) one.best = merit;
    if (one.stalled >= stopping.patience) {
      if (rule_.rate == kernels::SgdRate::adaptive && column.eta > 1e-6) {
        column.eta /= 5.0;
        one.stalled = 0.0;
      } else {
        one.running = false;
      }
    }
    if (inputs_.listener) tell(one, n, score);
  }

  void tell(const Learning& one, std::int64_t n, double score) const {
    const kernels::SgdColumn& column = one.work.column;
    SgdReport report{};
    report.column = static_cast<int>(one.k);
    report.epoch = one.result.n_iter;
    report.norm = std::sqrt(column.square) * column.scale;
    report.nonzero = one.work.nonzero();
    report.intercept = column.intercept;
    report.steps = static_cast<double>(n) * one.result.n_iter;
    report.loss = column.loss / static_cast<double>(n);
    report.objective = column.objective / static_cast<double>(n);
    report.score = score;
    report.stopped = !one.running;
    inputs_.listener(report);
  }

  const View& X_;
  const kernels::SgdRule& rule_;
  const SgdInputs& inputs_;
  kernels::SgdLearn<View> learn_;
};

template <class View>
bool worth_threads(const View& X) {
  if constexpr (is_csr<View>) {
    return X.stored() >= kThreadElements;
  } else {
    return X.rows * X.columns >= kThreadElements;
  }
}

}  // namespace

template <class View, class C>
std::vector<SgdResult> sklearn_sgd(const View& X, const kernels::SgdRule& rule, const SgdInputs& inputs,
                                   SgdState<C>& state) {
  const std::int64_t K = state.columns;
  const Epochs<View> epochs(X, rule, inputs);
  const int n_threads = inputs.listener || !worth_threads(X) ? 1 : inputs.n_threads;
  std::vector<std::unique_ptr<Learning>> columns(static_cast<std::size_t>(K));
  parallel::for_blocks(K, n_threads, [&](std::int64_t k) {
    auto one = std::make_unique<Learning>(rule, inputs, state, k, is_csr<View>);
    epochs.run(*one);
    one->order = SgdOrder({}, 0, false);  // its memory: there may be many columns
    columns[static_cast<std::size_t>(k)] = std::move(one);
  });
  std::vector<SgdResult> results;
  bool ok = true;
  for (const auto& one : columns) {
    results.push_back(one->result);
    ok = ok && one->result.code == Code::ok;
  }
  if (!ok) return results;
  for (const auto& one : columns) {
    one->work.store(rule, state, one->k);
    state.scalars[one->k].best = one->best;
    state.scalars[one->k].stalled = one->stalled;
  }
  return results;
}

#define GRADSTREAM_INSTANTIATE(...)                                                                          \
  template std::vector<SgdResult> sklearn_sgd(const __VA_ARGS__&, const kernels::SgdRule&, const SgdInputs&, \
                                              SgdState<float>&);                                             \
  template std::vector<SgdResult> sklearn_sgd(const __VA_ARGS__&, const kernels::SgdRule&, const SgdInputs&, \
                                              SgdState<double>&)
GRADSTREAM_INSTANTIATE(DenseView<float>);
GRADSTREAM_INSTANTIATE(DenseView<double>);
GRADSTREAM_INSTANTIATE(CsrView<float, std::int32_t>);
GRADSTREAM_INSTANTIATE(CsrView<float, std::int64_t>);
GRADSTREAM_INSTANTIATE(CsrView<double, std::int32_t>);
GRADSTREAM_INSTANTIATE(CsrView<double, std::int64_t>);
#undef GRADSTREAM_INSTANTIATE

}  // namespace gradstream::solvers
