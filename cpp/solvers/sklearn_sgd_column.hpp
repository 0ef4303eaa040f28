// A column's working copy: what a call changes, in float64 and in the layout of the kernels, until all went well.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/aligned.hpp"
#include "kernels/table.hpp"
#include "solvers/sklearn_sgd.hpp"

namespace gradstream::solvers {

class SgdWork {
 public:
  SgdWork(std::int64_t d, bool sparse) : layout_(d, sparse ? 1 : kernels::table().sklearn_sgd.lanes) {}

  /// Copies column k of a state.
  template <class C>
  void load(const kernels::SgdRule& rule, const SgdState<C>& state, const SgdColumnInputs& inputs, std::int64_t k) {
    const SgdScalars& scalars = state.scalars[k];
    column.v = copy(weights_, state.coef + k * state.d);
    if (rule.average > 0.0) column.averaged = copy(averaged_, state.averaged + k * state.d);
    if (rule.truncates) column.paid = copy(paid_, state.paid + k * state.d);
    column.width = layout_.width();
    column.intercept = scalars.intercept;
    column.averaged_intercept = scalars.averaged_intercept;
    column.owed = scalars.owed;
    column.t = state.t;
    column.eta = rule.eta0 * scalars.slowing;
    column.positive = state.columns == 1 ? 1 : static_cast<std::int32_t>(k);
    column.weight[0] = inputs.weight_negative[k];
    column.weight[1] = inputs.weight_positive[k];
  }

  template <class C>
  void store(const kernels::SgdRule& rule, SgdState<C>& state, std::int64_t k) const {
    write(weights_, state.coef + k * state.d);
    if (rule.average > 0.0) write(averaged_, state.averaged + k * state.d);
    if (rule.truncates) write(paid_, state.paid + k * state.d);
    SgdScalars& scalars = state.scalars[k];
    scalars.intercept = column.intercept;
    scalars.averaged_intercept = column.averaged_intercept;
    scalars.owed = column.owed;
    scalars.slowing = column.eta / rule.eta0;
  }

  /// Starts the sums of an epoch.
  void measure() {
    column.loss = column.objective = 0.0;
    column.square = column.absolute = 0.0;
    for (const double v : weights_) {
      column.square += v * v;
      column.absolute += std::abs(v);
    }
  }

  bool finite() const {
    double probe = column.probe + 0.0 * column.intercept;
    for (const double v : weights_) probe += 0.0 * v;
    return probe == 0.0;
  }

  std::int64_t nonzero() const {
    return std::count_if(weights_.begin(), weights_.end(), [](double v) { return v != 0.0; });
  }

  /// Coefficients (d,) of the model that a fit would return now.
  std::vector<double> model(bool averaged) const {
    std::vector<double> w(static_cast<std::size_t>(layout_.d));
    for (std::int64_t j = 0; j < layout_.d; ++j) {
      const auto at = static_cast<std::size_t>(layout_.at(j));
      w[static_cast<std::size_t>(j)] =
          averaged ? (averaged_[at] + column.share * weights_[at]) / column.unit : column.scale * weights_[at];
    }
    return w;
  }

  kernels::SgdColumn column;

 private:
  template <class C>
  double* copy(AlignedVector<double>& to, const C* from) {
    to.assign(static_cast<std::size_t>(layout_.width()), 0.0);
    std::copy_n(from, layout_.whole, to.begin());
    std::copy(from + layout_.whole, from + layout_.d, to.begin() + layout_.whole + layout_.shift);
    return to.data();
  }
  template <class C>
  void write(const AlignedVector<double>& from, C* to) const {
    for (std::int64_t j = 0; j < layout_.d; ++j) {
      to[j] = static_cast<C>(from[static_cast<std::size_t>(layout_.at(j))]);
    }
  }

  kernels::SgdLayout layout_;
  AlignedVector<double> weights_, averaged_, paid_;
};

}  // namespace gradstream::solvers
