// Labels that come late: a row is reported now and learnt some rows later.
#pragma once

#include <cstdint>

#include "core/status.hpp"
#include "solvers/learner.hpp"

namespace gradstream::solvers {

/// Rows in the order in which they are learnt; those from `first` on are reported. After the i-th report, rows up to
/// i + shift are learnt: `shift` is how many rows wait already, less how many are to wait.
struct Delay {
  std::int64_t rows = 0;
  std::int64_t first = 0;
  std::int64_t shift = 0;
};

/// `report(i)` is of row first + i, `learn(j)` of row j. Not ok: rows before have been learnt, the caller restores
/// them.
template <class Report, class Learn>
Status report_then_learn(const Delay& delay, const Interrupted& interrupted, Report&& report, Learn&& learn) {
  std::int64_t next = 0;
  for (std::int64_t i = 0; delay.first + i < delay.rows; ++i) {
    const Status reported = report(i);
    if (!reported.ok()) return {reported.code, delay.first + i};
    for (; next <= i + delay.shift; ++next) {
      const Status learnt = learn(next);
      if (!learnt.ok()) return {learnt.code, next};
    }
    if (i % 1024 == 1023 && interrupted()) return {Code::interrupted, -1};
  }
  return {};
}

}  // namespace gradstream::solvers
