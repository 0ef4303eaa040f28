// The kernels compiled for avx2 (cmake/kernel_isa.cmake sets the flags).
#define GRADSTREAM_LANES 4
#include "kernels/isa-inl.hpp"

namespace gradstream::kernels {
extern const KernelTable avx2_table;
const KernelTable avx2_table = make_table("avx2");
}  // namespace gradstream::kernels
