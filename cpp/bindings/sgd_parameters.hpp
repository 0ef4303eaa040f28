// Parameters of the SGD drop-ins, from the dictionary that Python writes once for each set of them.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "solvers/sklearn_sgd.hpp"

namespace gradstream::bindings {

namespace py = pybind11;

template <class T>
T sgd_value(const py::dict& dict, const char* key) {
  if (!dict.contains(key)) throw py::key_error(key);
  return dict[key].cast<T>();
}

template <class Names>
int sgd_position(const Names& names, const std::string& name, const char* what) {
  const auto at = std::find_if(names.begin(), names.end(), [&](const char* known) { return name == known; });
  if (at == names.end()) throw py::value_error(std::string(what) + "='" + name + "' is not known");
  return static_cast<int>(at - names.begin());
}

inline kernels::SgdRule sgd_rule_from(const py::dict& dict) {
  kernels::SgdRule rule;
  rule.loss =
      static_cast<kernels::SgdLoss>(sgd_position(kernels::kSgdLosses, sgd_value<std::string>(dict, "loss"), "loss"));
  rule.rate = static_cast<kernels::SgdRate>(
      sgd_position(kernels::kSgdRates, sgd_value<std::string>(dict, "learning_rate"), "learning_rate"));
  rule.epsilon = sgd_value<double>(dict, "epsilon");
  rule.eta0 = sgd_value<double>(dict, "eta0");
  rule.power_t = sgd_value<double>(dict, "power_t");
  rule.alpha = sgd_value<double>(dict, "alpha");
  rule.l1_ratio = sgd_value<double>(dict, "l1_ratio");
  rule.shrinks = sgd_value<bool>(dict, "shrinks");
  rule.truncates = sgd_value<bool>(dict, "truncates");
  rule.fit_intercept = sgd_value<bool>(dict, "fit_intercept");
  rule.one_class = sgd_value<bool>(dict, "one_class");
  rule.average = sgd_value<double>(dict, "average");
  // The first step is that of a typical weight, 1 / sqrt(alpha) squared; no loss has a slope above 1 there.
  if (rule.rate == kernels::SgdRate::optimal) rule.start = 1.0 / (rule.alpha * std::sqrt(1.0 / std::sqrt(rule.alpha)));
  return rule;
}

struct SgdParameters {
  kernels::SgdRule rule;
  double tol;
  int patience;
  bool shuffle;

  /// With what depends on the call: sparse rows have a slower intercept, and the objective costs time, so that it is
  /// only added up for somebody who looks at it.
  kernels::SgdRule rule_of_call(bool sparse, const solvers::SgdInputs& inputs) const {
    kernels::SgdRule out = rule;
    out.intercept_decay = sparse ? 0.01 : 1.0;
    const bool stops = tol > -std::numeric_limits<double>::infinity() && !inputs.stopping.early_stopping &&
                       (inputs.stopping.max_iter > 1 || rule.rate == kernels::SgdRate::adaptive);
    out.objective = stops || inputs.listener;
    return out;
  }
};

inline SgdParameters sgd_parameters_from(const py::dict& dict) {
  return {sgd_rule_from(dict), sgd_value<double>(dict, "tol"), sgd_value<int>(dict, "n_iter_no_change"),
          sgd_value<bool>(dict, "shuffle")};
}

}  // namespace gradstream::bindings
