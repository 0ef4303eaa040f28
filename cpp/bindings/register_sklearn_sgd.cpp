// _core.SklearnSgd: scikit-learn's SGD on arrays that Python holds.
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "bindings/interrupt.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/register.hpp"
#include "solvers/sklearn_sgd.hpp"

namespace gradstream::bindings {
namespace {

template <class T>
T get(const py::dict& dict, const char* key) {
  if (!dict.contains(key)) throw py::key_error(key);
  return dict[key].cast<T>();
}

template <class Names>
int position(const Names& names, const std::string& name, const char* what) {
  const auto at = std::find_if(names.begin(), names.end(), [&](const char* known) { return name == known; });
  if (at == names.end()) throw py::value_error(std::string(what) + "='" + name + "' is not known");
  return static_cast<int>(at - names.begin());
}

kernels::SgdRule rule_from(const py::dict& dict) {
  kernels::SgdRule rule;
  rule.loss = static_cast<kernels::SgdLoss>(position(kernels::kSgdLosses, get<std::string>(dict, "loss"), "loss"));
  rule.rate = static_cast<kernels::SgdRate>(
      position(kernels::kSgdRates, get<std::string>(dict, "learning_rate"), "learning_rate"));
  rule.epsilon = get<double>(dict, "epsilon");
  rule.eta0 = get<double>(dict, "eta0");
  rule.power_t = get<double>(dict, "power_t");
  rule.alpha = get<double>(dict, "alpha");
  rule.l1_ratio = get<double>(dict, "l1_ratio");
  rule.shrinks = get<bool>(dict, "shrinks");
  rule.truncates = get<bool>(dict, "truncates");
  rule.fit_intercept = get<bool>(dict, "fit_intercept");
  rule.one_class = get<bool>(dict, "one_class");
  rule.average = get<double>(dict, "average");
  // The first step is that of a typical weight, 1 / sqrt(alpha) squared; no loss has a slope above 1 there.
  if (rule.rate == kernels::SgdRate::optimal) rule.start = 1.0 / (rule.alpha * std::sqrt(1.0 / std::sqrt(rule.alpha)));
  return rule;
}

template <class T>
const T* elements(const py::object& object, std::int64_t size, const char* name) {
  if (object.is_none()) return nullptr;
  const auto array = object.cast<py::array>();
  if (!holds<T>(array) || !(array.flags() & py::array::c_style) || array.size() != size) {
    throw py::value_error(std::string(name) + ": wrong dtype, layout or size");
  }
  return static_cast<const T*>(array.data());
}

template <class T>
T* writable(const py::object& object, std::int64_t size, const char* name) {
  if (!object.is_none() && !object.cast<py::array>().writeable()) {
    throw py::value_error(std::string(name) + ": read-only");
  }
  return const_cast<T*>(elements<T>(object, size, name));
}

/// What a call is given beside X, by name; what is absent is None.
struct Arguments {
  const py::dict& dict;
  py::object operator[](const char* name) const {
    return dict.contains(name) ? py::object(dict[name]) : py::object(py::none());
  }
};

py::dict to_dict(const solvers::SgdReport& report) {
  py::dict out;
  out["column"] = report.column;
  out["epoch"] = report.epoch;
  out["norm"] = report.norm;
  out["nonzero"] = report.nonzero;
  out["intercept"] = report.intercept;
  out["steps"] = report.steps;
  out["loss"] = report.loss;
  out["objective"] = report.objective;
  out["score"] = report.score;
  out["stopped"] = report.stopped;
  return out;
}

class SklearnSgd {
 public:
  explicit SklearnSgd(const py::dict& rule)
      : rule_(rule_from(rule)), tol_(get<double>(rule, "tol")), patience_(get<int>(rule, "n_iter_no_change")) {
    shuffle_ = get<bool>(rule, "shuffle");
  }

  /// Learns rows X; returns (code, n_iter) of every column. The arrays of `state` change only when all are "ok".
  py::list learn(const py::object& X, const py::dict& rows_dict, const py::dict& state_dict, int max_iter,
                 int n_threads, const py::object& listener) const {
    const Rows rows = rows_from(X);
    const Arguments about{rows_dict}, state{state_dict};
    const std::int64_t K = state["scalars"].cast<py::array>().shape(0);
    solvers::SgdInputs inputs = inputs_of(about, rows.count, K);
    inputs.stopping = {max_iter, tol_, patience_, inputs.rows.held_out != nullptr};
    inputs.n_threads = n_threads;
    if (!listener.is_none()) {
      inputs.listener = [&](const solvers::SgdReport& report) {
        const py::gil_scoped_acquire locked;
        listener(to_dict(report));
      };
    }
    kernels::SgdRule rule = rule_;
    rule.intercept_decay = rows.sparse ? 0.01 : 1.0;
    const bool stops = tol_ > -std::numeric_limits<double>::infinity() &&
                       (max_iter > 1 || rule.rate == kernels::SgdRate::adaptive) && !inputs.stopping.early_stopping;
    rule.objective = stops || inputs.listener;
    const auto coef = state["coef"].cast<py::array>();
    const auto results = holds<float>(coef) ? run<float>(rows, rule, inputs, state, K)
                                            : run<double>(rows, rule, inputs, state, K);
    py::list out;
    for (const auto& result : results) {
      raise_interrupt({result.code, -1});
      out.append(py::make_tuple(name(result.code), result.n_iter));
    }
    return out;
  }

 private:
  solvers::SgdInputs inputs_of(const Arguments& about, std::int64_t n, std::int64_t K) const {
    solvers::SgdInputs inputs;
    inputs.targets = {elements<std::int32_t>(about["codes"], n, "codes"), elements<double>(about["y"], n, "y"),
                      elements<double>(about["weight"], n, "weight")};
    if (inputs.targets.code == nullptr && inputs.targets.y == nullptr) throw py::value_error("codes or y: needed");
    const py::object listed = about["listed"];
    const auto count = listed.is_none() ? n : static_cast<std::int64_t>(py::len(listed));
    inputs.rows = {elements<std::uint32_t>(listed, count, "listed"), count,
                   elements<std::uint8_t>(about["held_out"], n, "held_out")};
    inputs.columns = {elements<std::uint32_t>(about["seeds"], K, "seeds"),
                      elements<double>(about["weight_positive"], K, "weight_positive"),
                      elements<double>(about["weight_negative"], K, "weight_negative")};
    inputs.shuffle = shuffle_;
    inputs.interrupted = &interrupted;
    return inputs;
  }

  template <class C>
  static std::vector<solvers::SgdResult> run(const Rows& rows, const kernels::SgdRule& rule,
                                             const solvers::SgdInputs& inputs, const Arguments& arrays,
                                             std::int64_t K) {
    const std::int64_t size = rows.columns * K;
    solvers::SgdState<C> state;
    state.d = rows.columns;
    state.columns = K;
    state.coef = writable<C>(arrays["coef"], size, "coef");
    if (rule.average > 0.0) state.averaged = writable<C>(arrays["averaged"], size, "averaged");
    if (rule.truncates) state.paid = writable<double>(arrays["paid"], size, "paid");
    constexpr auto kScalars = static_cast<std::int64_t>(sizeof(solvers::SgdScalars) / sizeof(double));
    state.scalars = reinterpret_cast<solvers::SgdScalars*>(writable<double>(arrays["scalars"], K * kScalars, "scalars"));
    state.t = arrays["t"].cast<double>();
    const py::gil_scoped_release unlocked;
    return std::visit(
        [&](const auto& view) -> std::vector<solvers::SgdResult> {
          if constexpr (is_strided<std::decay_t<decltype(view)>>) {
            throw std::invalid_argument("X: rows must be contiguous");
          } else {
            return solvers::sklearn_sgd(view, rule, inputs, state);
          }
        },
        rows.view);
  }

  kernels::SgdRule rule_;
  double tol_;
  int patience_;
  bool shuffle_ = true;
};

}  // namespace

void register_sklearn_sgd(py::module_& m) {
  py::class_<SklearnSgd>(m, "SklearnSgd")
      .def(py::init<const py::dict&>(), py::arg("rule"))
      .def("learn", &SklearnSgd::learn, py::arg("X"), py::arg("rows"), py::arg("state"), py::arg("max_iter"),
           py::arg("n_threads"), py::arg("listener"));
  m.def("sklearn_sgd_names", [] {
    return py::make_tuple(std::vector<std::string>(kernels::kSgdLosses.begin(), kernels::kSgdLosses.end()),
                          std::vector<std::string>(kernels::kSgdRates.begin(), kernels::kSgdRates.end()));
  });
}

}  // namespace gradstream::bindings
