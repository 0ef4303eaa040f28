// The kernels compiled for avx512 (cmake/kernel_isa.cmake sets the flags).
#define GRADSTREAM_LANES 8
#include "kernels/isa-inl.hpp"

namespace gradstream::kernels {
extern const KernelTable avx512_table;
const KernelTable avx512_table = make_table("avx512");
}  // namespace gradstream::kernels
