// What this processor and its operating system can run. Compiled for the baseline, never with link-time optimisation.
#pragma once

namespace gradstream::kernels {

bool cpu_has_avx2();    // everything x86-64-v3 implies, and the system saves ymm registers
bool cpu_has_avx512();  // everything x86-64-v4 implies, and the system saves zmm registers

}  // namespace gradstream::kernels
