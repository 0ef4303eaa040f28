// The kernels compiled for baseline (cmake/kernel_isa.cmake sets the flags).
#define GRADSTREAM_LANES 2
#include "kernels/isa-inl.hpp"

namespace gradstream::kernels {
extern const KernelTable baseline_table;
const KernelTable baseline_table = make_table("baseline");
}  // namespace gradstream::kernels
