#include "kernels/cpu.hpp"

#include <cstdint>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <cpuid.h>
#elif defined(_M_X64)
#include <immintrin.h>
#include <intrin.h>
#endif

namespace gradstream::kernels {
namespace {

struct Registers {
  std::uint32_t a = 0, b = 0, c = 0, d = 0;
};

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
Registers cpuid(std::uint32_t leaf) {
  Registers r;
  __get_cpuid_count(leaf, 0, &r.a, &r.b, &r.c, &r.d);
  return r;
}
std::uint64_t saved_registers() {
  std::uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}
#elif defined(_M_X64)
Registers cpuid(std::uint32_t leaf) {
  int out[4];
  __cpuidex(out, static_cast<int>(leaf), 0);
  return {static_cast<std::uint32_t>(out[0]), static_cast<std::uint32_t>(out[1]), static_cast<std::uint32_t>(out[2]),
          static_cast<std::uint32_t>(out[3])};
}
std::uint64_t saved_registers() { return _xgetbv(0); }
#else
Registers cpuid(std::uint32_t) { return {}; }
std::uint64_t saved_registers() { return 0; }
#endif

constexpr bool all(std::uint32_t value, std::uint32_t bits) { return (value & bits) == bits; }
constexpr std::uint32_t bit(int n) { return 1U << n; }

/// xgetbv may only run once the system says (OSXSAVE) that it is enabled.
bool system_saves(std::uint64_t state) { return all(cpuid(1).c, bit(27)) && (saved_registers() & state) == state; }

}  // namespace

bool cpu_has_avx2() {
  const bool leaf1 = all(cpuid(1).c, bit(12) | bit(22) | bit(28) | bit(29));  // FMA MOVBE AVX F16C
  const bool leaf7 = all(cpuid(7).b, bit(3) | bit(5) | bit(8));               // BMI1 AVX2 BMI2
  const bool extended = all(cpuid(0x80000001U).c, bit(5));                    // LZCNT
  return leaf1 && leaf7 && extended && system_saves(0x6);
}

bool cpu_has_avx512() {
  return cpu_has_avx2() && all(cpuid(7).b, bit(16) | bit(17) | bit(28) | bit(30) | bit(31)) &&
         system_saves(0xE6);  // F DQ CD BW VL
}

}  // namespace gradstream::kernels
