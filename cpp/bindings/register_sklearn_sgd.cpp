// _core.SklearnSgd: scikit-learn's SGD on arrays that Python holds.
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "bindings/interrupt.hpp"
#include "bindings/labels.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/register.hpp"
#include "bindings/sgd_parameters.hpp"
#include "solvers/sklearn_sgd.hpp"

namespace gradstream::bindings {
namespace {

/// Rows of one call: positions in an epoch's order are 32 bits wide.
constexpr std::int64_t kMostRows = std::int64_t{1} << 31;

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
  explicit SklearnSgd(const py::dict& parameters) : parameters_(sgd_parameters_from(parameters)) {}
  const SgdParameters& parameters() const { return parameters_; }

  /// Learns rows X; returns (code, n_iter) of every column. The arrays of `state` change only when all are "ok".
  py::list learn(const py::object& X, const py::dict& rows_dict, const py::dict& state_dict, int max_iter,
                 int n_threads, const py::object& listener) const {
    const Rows rows = rows_from(X);
    if (rows.count >= kMostRows) throw py::value_error("X: expected fewer than 2**31 rows");
    const Arguments about{rows_dict}, state{state_dict};
    const std::int64_t K = state["scalars"].cast<py::array>().shape(0);
    solvers::SgdInputs inputs = inputs_of(about, rows.count, K);
    inputs.stopping = {max_iter, parameters_.tol, parameters_.patience, inputs.rows.held_out != nullptr};
    inputs.n_threads = n_threads;
    if (!listener.is_none()) {
      inputs.listener = [&](const solvers::SgdReport& report) {
        const py::gil_scoped_acquire locked;
        listener(to_dict(report));
      };
    }
    const kernels::SgdRule rule = parameters_.rule_of_call(rows.sparse, inputs);
    const auto coef = state["coef"].cast<py::array>();
    const auto results =
        holds<float>(coef) ? run<float>(rows, rule, inputs, state, K) : run<double>(rows, rule, inputs, state, K);
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
    inputs.targets = {elements_of<std::int32_t>(about["codes"], n, "codes"), elements_of<double>(about["y"], n, "y"),
                      elements_of<double>(about["weight"], n, "weight")};
    if (inputs.targets.code == nullptr && inputs.targets.y == nullptr) throw py::value_error("codes or y: needed");
    const py::object listed = about["listed"];
    const auto count = listed.is_none() ? n : static_cast<std::int64_t>(py::len(listed));
    inputs.rows = {elements_of<std::uint32_t>(listed, count, "listed"), count,
                   elements_of<std::uint8_t>(about["held_out"], n, "held_out")};
    inputs.columns = {needed_elements<std::uint32_t>(about["seeds"], K, "seeds"),
                      needed_elements<double>(about["weight_positive"], K, "weight_positive"),
                      needed_elements<double>(about["weight_negative"], K, "weight_negative")};
    inputs.shuffle = parameters_.shuffle;
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
    state.coef = needed_writable_elements<C>(arrays["coef"], size, "coef");
    if (rule.average > 0.0) state.averaged = needed_writable_elements<C>(arrays["averaged"], size, "averaged");
    if (rule.truncates) state.paid = needed_writable_elements<double>(arrays["paid"], size, "paid");
    constexpr auto kScalars = static_cast<std::int64_t>(sizeof(solvers::SgdScalars) / sizeof(double));
    state.scalars = reinterpret_cast<solvers::SgdScalars*>(
        needed_writable_elements<double>(arrays["scalars"], K * kScalars, "scalars"));
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

  SgdParameters parameters_;
};

/// The arrays of a fitted model, for chunks that need none of Python's checks: plain arrays of the right dtypes and
/// shapes, all weights 1, no average.
class SklearnSgdHeld {
 public:
  SklearnSgdHeld(const SklearnSgd& engine, py::array coef, py::array intercept, py::array progress, py::object paid,
                 py::object classes)
      : parameters_(engine.parameters()),
        coef_(std::move(coef)),
        intercept_(std::move(intercept)),
        progress_(std::move(progress)),
        paid_(std::move(paid)),
        classes_(std::move(classes)),
        columns_(coef_.shape(0)),
        ones_(static_cast<std::size_t>(columns_), 1.0) {
    if (coef_.ndim() != 2) throw py::value_error("coef: expected (K, d)");
    if (holds<float>(coef_)) {
      needed_writable_elements<float>(coef_, coef_.size(), "coef");
    } else {
      needed_writable_elements<double>(coef_, coef_.size(), "coef");
    }
    needed_writable_elements<double>(intercept_, columns_, "intercept");
    needed_writable_elements<double>(progress_, 4 * columns_, "progress");
  }

  /// Learns a chunk and returns how many rows it has; 0, and nothing has happened, for the long way.
  std::int64_t partial_fit(const py::handle& X, const py::handle& y, const py::object& seeds, double t, int n_threads) {
    if (!py::isinstance<py::array>(X)) return 0;
    const auto array = py::reinterpret_borrow<py::array>(X);
    if (array.ndim() != 2 || !is_plain(array)) return 0;
    if (array.shape(0) < 1 || array.shape(0) >= kMostRows || array.shape(1) != coef_.shape(1)) return 0;
    if (holds<double>(array)) return learn_rows<double>(array, y, seeds, t, n_threads);
    if (holds<float>(array)) return learn_rows<float>(array, y, seeds, t, n_threads);
    return 0;
  }

 private:
  template <class T>
  std::int64_t learn_rows(const py::array& X, const py::handle& y, const py::object& seeds, double t, int n_threads) {
    const DenseView<T> view{static_cast<const T*>(X.data()), X.shape(0), X.shape(1), X.shape(1)};
    solvers::SgdInputs inputs;
    if (!read_targets(y, view.rows, inputs.targets)) return 0;
    inputs.rows = {nullptr, view.rows, nullptr};
    inputs.columns = {needed_elements<std::uint32_t>(seeds, columns_, "seeds"), ones_.data(), ones_.data()};
    inputs.stopping = {1, parameters_.tol, parameters_.patience, false};
    inputs.shuffle = parameters_.shuffle;
    inputs.n_threads = n_threads;
    inputs.interrupted = &interrupted;
    return holds<float>(coef_) ? run<float>(view, inputs, t) : run<double>(view, inputs, t);
  }

  template <class C, class View>
  std::int64_t run(const View& X, const solvers::SgdInputs& inputs, double t) {
    const kernels::SgdRule rule = parameters_.rule_of_call(false, inputs);
    auto* intercept = static_cast<double*>(intercept_.mutable_data());
    auto* progress = static_cast<double*>(progress_.mutable_data());
    std::vector<solvers::SgdScalars> scalars;
    for (std::int64_t k = 0; k < columns_; ++k) {
      const double* own = progress + 4 * k;
      scalars.push_back({intercept[k], 0.0, own[0], own[1], own[2], own[3]});
    }
    solvers::SgdState<C> state;
    state.d = X.columns;
    state.columns = columns_;
    state.coef = static_cast<C*>(coef_.mutable_data());
    if (rule.truncates) state.paid = needed_writable_elements<double>(paid_, columns_ * X.columns, "paid");
    state.scalars = scalars.data();
    state.t = t;
    bool ok = true;
    {
      const py::gil_scoped_release unlocked;
      for (const auto& result : solvers::sklearn_sgd(X, rule, inputs, state)) ok = ok && result.code == Code::ok;
    }
    if (!ok) return 0;
    for (std::int64_t k = 0; k < columns_; ++k) {
      const solvers::SgdScalars& own = scalars[static_cast<std::size_t>(k)];
      intercept[k] = own.intercept;
      const double kept[] = {own.owed, own.slowing, own.best, own.stalled};
      std::copy_n(kept, 4, progress + 4 * k);
    }
    return X.rows;
  }

  bool read_targets(const py::handle& y, std::int64_t n, kernels::SgdTargets& targets) {
    if (classes_.is_none()) {
      return with_numbers(y, [&]<class T>(const T* values, std::int64_t count) {
        if constexpr (std::is_same_v<T, double>) {
          targets.y = values;
          return values != nullptr && count == n &&
                 std::all_of(values, values + n, [](double v) { return std::isfinite(v); });
        } else {
          return false;
        }
      });
    }
    return with_numbers(y, [&]<class T>(const T* values, std::int64_t count) {
      return with_numbers(classes_, [&]<class C>(const C* known, std::int64_t n_classes) {
        if constexpr (std::is_same_v<T, C>) {
          if (values == nullptr || known == nullptr || count != n) return false;
          codes_.resize(static_cast<std::size_t>(n));
          targets.code = codes_.data();
          return encode(values, n, known, n_classes, codes_.data());
        } else {
          return false;
        }
      });
    });
  }

  SgdParameters parameters_;
  py::array coef_, intercept_, progress_;
  py::object paid_, classes_;
  std::int64_t columns_;
  std::vector<double> ones_;
  std::vector<std::int32_t> codes_;
};

}  // namespace

void register_sklearn_sgd(py::module_& m) {
  py::class_<SklearnSgd>(m, "SklearnSgd")
      .def(py::init<const py::dict&>(), py::arg("rule"))
      .def("learn", &SklearnSgd::learn, py::arg("X"), py::arg("rows"), py::arg("state"), py::arg("max_iter"),
           py::arg("n_threads"), py::arg("listener"));
  py::class_<SklearnSgdHeld>(m, "SklearnSgdHeld")
      .def(py::init<const SklearnSgd&, py::array, py::array, py::array, py::object, py::object>(), py::arg("engine"),
           py::arg("coef"), py::arg("intercept"), py::arg("progress"), py::arg("paid"), py::arg("classes"))
      .def("partial_fit", &SklearnSgdHeld::partial_fit, py::arg("X"), py::arg("y"), py::arg("seeds"), py::arg("t"),
           py::arg("n_threads"));
  m.def("sklearn_sgd_names", [] {
    return py::make_tuple(std::vector<std::string>(kernels::kSgdLosses.begin(), kernels::kSgdLosses.end()),
                          std::vector<std::string>(kernels::kSgdRates.begin(), kernels::kSgdRates.end()));
  });
}

}  // namespace gradstream::bindings
