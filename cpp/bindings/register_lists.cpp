// The registers as Python lists: names accepted, their constraints, tests and documentation iterate over them.
#include <pybind11/pybind11.h>

#include <utility>

#include "bindings/register.hpp"
#include "losses/list.hpp"
#include "optimizers/list.hpp"
#include "penalties/list.hpp"
#include "schedules/list.hpp"

namespace gradstream::bindings {

namespace py = pybind11;
using namespace py::literals;

namespace {

template <std::size_t... I>
py::list loss_list(std::index_sequence<I...>) {
  py::list all;
  const auto add = [&](const losses::Description& d) {
    all.append(py::dict("name"_a = d.name, "task"_a = d.task, "domain"_a = d.domain, "parameter"_a = d.parameter,
                        "smooth"_a = d.smooth, "probabilities"_a = d.probabilities, "log_link"_a = d.log_link,
                        "positive"_a = d.positive));
  };
  (add(std::tuple_element_t<I, losses::AllLosses>::description), ...);
  return all;
}

py::list penalty_list() {
  py::list all;
  for (const auto& d : penalties::kPenalties) {
    all.append(py::dict("name"_a = d.name,
                        "l1_ratio"_a = d.l1_ratio < 0.0 ? py::object(py::none()) : py::object(py::float_(d.l1_ratio))));
  }
  return all;
}

py::list optimizer_list() {
  py::list all;
  for (const auto& d : optimizers::kDescriptions) {
    all.append(py::dict("name"_a = d.name, "slots"_a = d.slots, "invariant"_a = d.invariant, "decays"_a = d.decays,
                        "learning_rate"_a = d.learning_rate));
  }
  return all;
}

py::list schedule_list() {
  py::list all;
  for (const auto& d : schedules::kSchedules) all.append(py::dict("name"_a = d.name, "formula"_a = d.formula));
  return all;
}

}  // namespace

void register_lists(py::module_& m) {
  m.def("losses", [] { return loss_list(std::make_index_sequence<losses::kLossCount>{}); });
  m.def("penalties", &penalty_list);
  m.def("optimizers", &optimizer_list);
  m.def("schedules", &schedule_list);
}

}  // namespace gradstream::bindings
