// How a call ended. No text for users here: bindings and the Python door own the sentences.
#pragma once

#include <cstdint>

namespace gradstream {

enum class Code {
  ok,
  non_finite,          // a margin, and so an input or a coefficient, is NaN or infinite
  index_out_of_range,  // CSR: a column index outside [0, n_features)
  unsorted,            // CSR: column indices of a row decrease
  duplicate,           // CSR: a column twice in one row
  indptr,              // CSR: row pointers that do not start at 0, decrease, or pass the end of the data
  converged,
  max_iter,
  no_progress,
  interrupted,
  rescale,  // sparse weights have to be multiplied by what they shrank, then go on; `row` says how many rows are done
  full,     // more sparse features than the state has room for; `row` says how many it needs
};

constexpr const char* name(Code code) {
  switch (code) {
    case Code::ok: return "ok";
    case Code::non_finite: return "non_finite";
    case Code::index_out_of_range: return "index_out_of_range";
    case Code::unsorted: return "unsorted";
    case Code::duplicate: return "duplicate";
    case Code::indptr: return "indptr";
    case Code::converged: return "converged";
    case Code::max_iter: return "max_iter";
    case Code::no_progress: return "no_progress";
    case Code::interrupted: return "interrupted";
    case Code::rescale: return "rescale";
    case Code::full: return "full";
  }
  return "unknown";
}

/// `row`: the first row it concerns, in the caller's numbering; -1 when none.
struct Status {
  Code code = Code::ok;
  std::int64_t row = -1;
  bool ok() const { return code == Code::ok; }
};

}  // namespace gradstream
