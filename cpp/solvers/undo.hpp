// A call happens or it does not: what a learner's state was before the call, whole or, for few sparse rows, by touched
// feature. Put back, whatever ends the call, unless it says `keep`.
#pragma once

#include <type_traits>
#include <vector>

#include "solvers/learner_state.hpp"
#include "views/rows.hpp"

namespace gradstream::solvers {

template <class T>
class Undo {
 public:
  template <class View>
  Undo(const View& X, const Spec& spec, const LearnerState<T>& state)
      : state_(state), width_(record_width<T>(spec)), slots_(slot_count(spec)) {
    counters_ = *state.counters;
    bias_.assign(state.bias, state.bias + (1 + slots_) * state.K);
    if constexpr (is_csr<View>) {
      if (X.stored() < state.d / 4) {
        remember_features(X);
        return;
      }
    }
    whole_ = true;
    table_.assign(state.table, state.table + table_size(spec, state));
    if (state.mean != nullptr) {
      remember_statistic(state.mean);
      remember_statistic(state.m2);
      if (state.seen != nullptr) remember_statistic(state.seen);
    }
    if (state.block != nullptr) block_.assign(state.block, state.block + BlockLayout::size(state.d, state.K));
  }

  ~Undo() {
    if (!kept_) restore();
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  void keep() { kept_ = true; }

  /// Before features change that no row names. Those of the rows may have changed already: they are remembered.
  void remember_table() {
    if (!whole_ && others_.empty()) others_.assign(state_.table, state_.table + state_.d * width_);
  }

 private:
  void restore() const {
    const parallel::CommitGate::Writing writing(*state_.gate);
    *state_.counters = counters_;
    std::copy(bias_.begin(), bias_.end(), state_.bias);
    if (!whole_) {
      std::copy(others_.begin(), others_.end(), state_.table);
      restore_features();
      return;
    }
    std::copy(table_.begin(), table_.end(), state_.table);
    if (state_.mean != nullptr) {
      const std::int64_t d = state_.d;
      std::copy_n(statistics_.begin(), d, state_.mean);
      std::copy_n(statistics_.begin() + d, d, state_.m2);
      if (state_.seen != nullptr) std::copy_n(statistics_.begin() + 2 * d, d, state_.seen);
    }
    if (state_.block != nullptr) std::copy(block_.begin(), block_.end(), state_.block);
  }

  void remember_statistic(const double* values) { statistics_.insert(statistics_.end(), values, values + state_.d); }

  /// The features of these rows and of the unfinished block, each with all that belongs to it; a feature met twice is
  /// kept twice, alike.
  template <class View>
  void remember_features(const View& X) {
    for (auto at = static_cast<std::int64_t>(X.indptr[0]); at < static_cast<std::int64_t>(X.indptr[X.rows]); ++at)
      remember(static_cast<std::int64_t>(X.indices[at]));
    if (state_.block == nullptr) return;
    const BlockLayout layout = state_.layout();
    intercepts_.assign(layout.finished_intercept(state_.block), layout.finished_intercept(state_.block) + state_.K);
    start_weight_ = *layout.start_weight(state_.block);
    first_touched_ = *layout.first_touched(state_.block);
    layout.each_touched(state_.block, [&](std::int64_t j) { remember(j); });
  }

  void remember(std::int64_t j) {
    features_.push_back(j);
    table_.insert(table_.end(), state_.table + j * width_, state_.table + (j + 1) * width_);
    if (state_.mean != nullptr) statistics_.insert(statistics_.end(), {state_.mean[j], state_.m2[j], state_.seen[j]});
    if (state_.block == nullptr) return;
    const BlockLayout layout = state_.layout();
    block_.insert(block_.end(), layout.finished_coef(state_.block) + j * state_.K,
                  layout.finished_coef(state_.block) + (j + 1) * state_.K);
    block_.insert(block_.end(), {layout.touched(state_.block)[j], layout.scale(state_.block)[j]});
  }

  void restore_features() const {
    const BlockLayout layout = state_.layout();
    const std::int64_t per_block = state_.K + 2;
    for (std::size_t f = 0; f < features_.size(); ++f) {
      const std::int64_t j = features_[f], at = static_cast<std::int64_t>(f);
      std::copy_n(table_.begin() + at * width_, width_, state_.table + j * width_);
      if (state_.mean != nullptr) {
        state_.mean[j] = statistics_[3 * f];
        state_.m2[j] = statistics_[3 * f + 1];
        state_.seen[j] = statistics_[3 * f + 2];
      }
      if (state_.block == nullptr) continue;
      std::copy_n(block_.begin() + at * per_block, state_.K, layout.finished_coef(state_.block) + j * state_.K);
      layout.touched(state_.block)[j] = block_[static_cast<std::size_t>(at * per_block + state_.K)];
      layout.scale(state_.block)[j] = block_[static_cast<std::size_t>(at * per_block + state_.K + 1)];
    }
    if (state_.block == nullptr) return;
    std::copy(intercepts_.begin(), intercepts_.end(), layout.finished_intercept(state_.block));
    *layout.start_weight(state_.block) = start_weight_;
    *layout.first_touched(state_.block) = first_touched_;
  }

  LearnerState<T> state_;
  std::int64_t width_;
  int slots_;
  bool whole_ = false;
  bool kept_ = false;
  kernels::Counters counters_;
  std::vector<double> bias_, statistics_, block_, intercepts_;
  std::vector<T> table_, others_;
  std::vector<std::int64_t> features_;
  double start_weight_ = 0.0;
  double first_touched_ = 0.0;
};

}  // namespace gradstream::solvers
