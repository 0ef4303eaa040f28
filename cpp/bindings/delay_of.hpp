// A delay as Python says it, checked against the rows.
#pragma once

#include "bindings/numpy_view.hpp"
#include "solvers/delayed.hpp"

namespace gradstream::bindings {

inline solvers::Delay delay_of(const Rows& rows, std::int64_t first, std::int64_t shift) {
  if (first < 0 || first > rows.count) throw py::value_error("first: expected a position in X");
  // the last report is of row rows.count - 1: what is learnt after it, and not before it is known
  if (shift > first) throw py::value_error("shift: a row is learnt after it was reported");
  return {rows.count, first, shift};
}

}  // namespace gradstream::bindings
