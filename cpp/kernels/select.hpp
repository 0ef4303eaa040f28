// Which table is in use, for those who want to see or pin it.
#pragma once

#include <string>
#include <vector>

namespace gradstream::kernels {

/// Instruction sets compiled in that this machine can run, best first.
std::vector<std::string> available_isas();

/// Switches the table; false when `name` is not available. For tests and reproduction, not while learners run.
bool use_isa(const std::string& name);

/// Why GRADSTREAM_ISA was not followed; empty when it was, or was not set.
std::string selection_problem();

}  // namespace gradstream::kernels
