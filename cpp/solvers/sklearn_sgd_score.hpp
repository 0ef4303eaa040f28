// What early stopping looks at: accuracy or R^2, weighted, of the rows held out, by the model that fit would return.
#pragma once

#include "kernels/table.hpp"
#include "solvers/sklearn_sgd_column.hpp"

namespace gradstream::solvers {

/// Weighted mean, and the sums of squares about it and about the predictions.
struct RegressionScore {
  double weight = 0.0, mean = 0.0, about_mean = 0.0, about_prediction = 0.0;
  void add(double y, double z, double s) {
    if (s == 0.0) return;
    weight += s;
    const double before = y - mean;
    mean += before * s / weight;
    about_mean += s * before * (y - mean);
    about_prediction += s * (y - z) * (y - z);
  }
  double value() const {
    if (about_mean == 0.0) return about_prediction == 0.0 ? 1.0 : 0.0;
    return 1.0 - about_prediction / about_mean;
  }
};

template <class View>
double held_out_score(const View& X, const kernels::SgdRule& rule, const SgdInputs& inputs, const SgdWork& work) {
  const bool averaged = rule.average > 0.0 && rule.average <= work.column.t - 1.0;
  const std::vector<double> coef = work.model(averaged);
  const double intercept = averaged ? work.column.averaged_intercept : work.column.intercept;
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < X.rows; ++i) {
    if (inputs.rows.held_out[i] != 0) rows.push_back(i);
  }
  const RowSet set{0, static_cast<std::int64_t>(rows.size()), rows.data(), static_cast<std::int64_t>(rows.size())};
  const auto& kernel = kernels::table().of(X);
  std::vector<double> z(rows.size()), workspace(static_cast<std::size_t>(kernel.workspace(X, 1)));
  kernel.margins(X, set, {coef.data(), nullptr, &intercept}, 1, z.data(), workspace.data());
  double right = 0.0, total = 0.0;
  RegressionScore regression;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double s = inputs.targets.weight != nullptr ? inputs.targets.weight[rows[i]] : 1.0;
    if (inputs.targets.code == nullptr) {
      regression.add(inputs.targets.y[rows[i]], z[i], s);
      continue;
    }
    const bool positive = inputs.targets.code[rows[i]] == work.column.positive;
    total += s;
    if ((z[i] > 0.0) == positive) right += s;
  }
  return inputs.targets.code == nullptr ? regression.value() : right / total;
}

}  // namespace gradstream::solvers
