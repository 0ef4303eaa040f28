#include "bindings/spec_from.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "kernels/table.hpp"
#include "losses/list.hpp"
#include "optimizers/list.hpp"
#include "schedules/list.hpp"

namespace gradstream::bindings {

namespace py = pybind11;

namespace {

template <std::size_t... I>
std::vector<losses::Description> loss_descriptions(std::index_sequence<I...>) {
  return {std::tuple_element_t<I, losses::AllLosses>::description...};
}
const std::vector<losses::Description>& all_losses() {
  static const auto all = loss_descriptions(std::make_index_sequence<losses::kLossCount>{});
  return all;
}

template <class Descriptions>
int position(const Descriptions& all, const std::string& name, const char* what) {
  std::string known;
  int at = 0;
  for (const auto& description : all) {
    if (name == description.name) return at;
    known += std::string(known.empty() ? "" : ", ") + description.name;
    ++at;
  }
  throw py::value_error(std::string(what) + "='" + name + "' is not one of: " + known);
}

template <class T>
T get(const py::dict& dict, const char* key) {
  if (!dict.contains(key)) throw py::key_error(key);
  return dict[key].cast<T>();
}

Standardize standardize_from(const std::string& name) {
  if (name == "none") return Standardize::none;
  if (name == "scale") return Standardize::scale;
  if (name == "center_scale") return Standardize::center_scale;
  if (name == "root_mean_square") return Standardize::root_mean_square;
  throw py::value_error("standardize='" + name + "' is not one of: none, scale, center_scale, root_mean_square");
}

LossSpec loss_from(const py::dict& dict) {
  LossSpec loss;
  loss.loss = loss_id(get<std::string>(dict, "loss"));
  loss.parameter = get<double>(dict, "loss_parameter");
  loss.columns = get<std::int64_t>(dict, "columns");
  const losses::Description& description = all_losses()[static_cast<std::size_t>(loss.loss)];
  loss.regression = std::string(description.task) == "regression";
  loss.real_target = std::string(description.domain) == "real";
  loss.convex = description.convex_from <= loss.parameter && loss.parameter <= description.convex_to;
  loss.log_link = description.log_link;
  loss.positive = description.positive;
  if (loss.columns < 1) throw py::value_error("columns must be at least 1");
  if (loss.columns > 1) {
    loss.kind = loss.loss == loss_id("log_loss") ? ColumnsKind::softmax : ColumnsKind::one_vs_rest;
  }
  return loss;
}

/// Bottou's offset: the first step is what a typical weight needs.
double optimal_offset(const LossSpec& loss, double alpha) {
  const double typical = std::sqrt(1.0 / std::sqrt(alpha));
  const LossSpec single{loss.loss, loss.parameter, ColumnsKind::single, 1};
  const double z = -typical, y = 1.0;
  double r = 0.0;
  kernels::table().loss_rows(single, 1, &z, &y, nullptr, &r);
  return 1.0 / (alpha * (typical / std::max(1.0, r)));
}

ScheduleSpec schedule_from(const py::dict& dict, const LossSpec& loss) {
  ScheduleSpec schedule;
  schedule.schedule = position(schedules::kSchedules, get<std::string>(dict, "schedule"), "schedule");
  schedule.eta0 = get<double>(dict, "eta0");
  schedule.power_t = get<double>(dict, "power_t");
  schedule.decay = get<double>(dict, "decay");
  schedule.alpha = get<double>(dict, "alpha");
  if (schedule.schedule == schedules::kOptimal) {
    if (!(schedule.alpha > 0.0)) throw py::value_error("schedule='optimal' needs alpha > 0");
    schedule.t0 = optimal_offset(loss, schedule.alpha);
  }
  return schedule;
}

OptimizerSpec optimizer_from(const py::dict& dict) {
  OptimizerSpec optimizer;
  const auto name = get<std::string>(dict, "optimizer");  // the bank's second half is AdaGrad
  optimizer.optimizer = position(optimizers::kDescriptions, name == "bank" ? "adagrad" : name, "optimizer");
  optimizer.momentum = get<double>(dict, "momentum");
  optimizer.beta_1 = get<double>(dict, "beta_1");
  optimizer.beta_2 = get<double>(dict, "beta_2");
  optimizer.epsilon = get<double>(dict, "epsilon");
  optimizer.initial_accumulator = get<double>(dict, "initial_accumulator");
  return optimizer;
}

}  // namespace

double least_target(const LossSpec& loss) {
  if (loss.real_target) return -std::numeric_limits<double>::infinity();
  static const auto least = [] {
    std::vector<double> of_loss;  // NaN where the power says it
    for (const auto& description : all_losses()) {
      const std::string domain = description.domain;
      of_loss.push_back(domain == "power"         ? std::numeric_limits<double>::quiet_NaN()
                        : domain == "nonnegative" ? 0.0
                                                  : std::numeric_limits<double>::denorm_min());
    }
    return of_loss;
  }();
  const double known = least[static_cast<std::size_t>(loss.loss)];
  return std::isnan(known) ? losses::least_of_power(loss.parameter) : known;
}

int loss_id(const std::string& name) { return position(all_losses(), name, "loss"); }

Spec spec_from(const py::dict& dict) {
  Spec spec;
  spec.loss = loss_from(dict);
  spec.penalty = {get<double>(dict, "l1"), get<double>(dict, "l2")};
  spec.schedule = schedule_from(dict, spec.loss);
  spec.optimizer = optimizer_from(dict);
  if (dict.contains("share")) spec.bank.share = get<double>(dict, "share");  // the bank's only
  spec.standardize = standardize_from(get<std::string>(dict, "standardize"));
  spec.fit_intercept = get<bool>(dict, "fit_intercept");
  spec.batch_size = get<std::int64_t>(dict, "batch_size");
  if (spec.batch_size < 1) throw py::value_error("batch_size must be at least 1");
  return spec;
}

}  // namespace gradstream::bindings
