// What gradstream.evaluation adds up, on arrays that Python holds.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "bindings/numpy_view.hpp"
#include "bindings/register.hpp"
#include "solvers/stream_scores.hpp"

namespace gradstream::bindings {
namespace {

constexpr std::int64_t kCounts = 4;  // seen, repeats, followers, last; then the classes

template <class Code>
solvers::LabelClaims<Code> claims(const py::tuple& arrays, std::int64_t n) {
  return {writable_elements_of<Code>(arrays[0], n, "label"), writable_doubles(arrays[1], n, "truth"),
          writable_doubles(arrays[2], n, "others")};
}

template <class Code>
void count_labels(const py::array& y, const py::object& weight, const py::array& state, const py::tuple& majority,
                  const py::tuple& last) {
  const std::int64_t n = y.size();
  double* counts = needed_writable_doubles(state, state.size(), "state");
  const solvers::LabelRows<Code> rows{needed_elements<Code>(y, n, "y"), doubles(weight, n, "weight"), n};
  const solvers::LabelCounts remembered{counts,     counts + 1,       counts + 2,
                                        counts + 3, counts + kCounts, state.size() - kCounts};
  for (std::int64_t i = 0; i < n; ++i) {
    if (rows.y[i] < 0 || rows.y[i] >= remembered.K) throw py::value_error("y: expected codes of the classes");
  }
  const auto said = claims<Code>(majority, n), repeated = claims<Code>(last, n);
  if ((said.truth == nullptr) != (repeated.truth == nullptr) ||
      (said.others == nullptr) != (repeated.others == nullptr))
    throw py::value_error("majority, last: expected the same arrays of both");
  const py::gil_scoped_release unlocked;
  solvers::label_baselines(rows, remembered, said, repeated);
}

void label_baselines(const py::array& y, const py::object& weight, const py::array& state, const py::tuple& majority,
                     const py::tuple& last) {
  if (state.size() <= kCounts) throw py::value_error("state: expected 4 numbers and one for each class");
  if (holds<std::int8_t>(y)) {
    count_labels<std::int8_t>(y, weight, state, majority, last);
  } else {
    count_labels<std::int64_t>(y, weight, state, majority, last);
  }
}

template <class Number>
void add_lines(const py::array& numbers, const double* weight, const double* fade, const solvers::Pieces& pieces,
               double* sums) {
  const std::int64_t lines = numbers.shape(0);
  const auto* values = needed_elements<Number>(numbers, lines * pieces.n, "numbers");
  const py::gil_scoped_release unlocked;
  for (std::int64_t p = 0; p < lines; ++p)
    solvers::piece_sums(values + p * pieces.n, weight, fade, pieces, sums + p * pieces.count,
                        sums + (lines + p) * pieces.count);
}

py::array_t<double> piece_sums(const py::array& numbers, const py::object& weight, const py::object& fade,
                               const py::array_t<std::int64_t, py::array::c_style>& starts) {
  if (numbers.ndim() != 2) throw py::value_error("numbers: expected 2 dimensions");
  const solvers::Pieces pieces{starts.data(), starts.size(), numbers.shape(1)};
  for (std::int64_t p = 0; p < pieces.count; ++p) {
    if (starts.data()[p] < 0 || starts.data()[p] >= pieces.n || (p > 0 && starts.data()[p] <= starts.data()[p - 1]))
      throw py::value_error("starts: expected increasing positions of rows");
  }
  const double* weights = doubles(weight, pieces.n, "weight");
  const double* factors = needed_doubles(fade, pieces.n, "fade");
  py::array_t<double> out({static_cast<std::int64_t>(2), static_cast<std::int64_t>(numbers.shape(0)), pieces.count});
  if (holds<bool>(numbers)) {
    add_lines<bool>(numbers, weights, factors, pieces, out.mutable_data());
  } else {
    add_lines<double>(numbers, weights, factors, pieces, out.mutable_data());
  }
  return out;
}

}  // namespace

void register_scores(py::module_& m) {
  m.def("label_baselines", &label_baselines, py::arg("y"), py::arg("weight"), py::arg("state"), py::arg("majority"),
        py::arg("last"));
  m.def("piece_sums", &piece_sums, py::arg("numbers"), py::arg("weight"), py::arg("fade"), py::arg("starts"));
}

}  // namespace gradstream::bindings
