#include "kernels/select.hpp"

#include <atomic>
#include <cstdlib>

#include "kernels/cpu.hpp"
#include "kernels/table.hpp"

namespace gradstream::kernels {

extern const KernelTable baseline_table;
#ifdef GRADSTREAM_HAVE_AVX2
extern const KernelTable avx2_table;
#endif
#ifdef GRADSTREAM_HAVE_AVX512
extern const KernelTable avx512_table;
#endif

namespace {

std::vector<const KernelTable*> available() {
  std::vector<const KernelTable*> tables;
#ifdef GRADSTREAM_HAVE_AVX512
  if (cpu_has_avx512()) tables.push_back(&avx512_table);
#endif
#ifdef GRADSTREAM_HAVE_AVX2
  if (cpu_has_avx2()) tables.push_back(&avx2_table);
#endif
  tables.push_back(&baseline_table);
  return tables;
}

const KernelTable* find(const std::string& name) {
  for (const KernelTable* candidate : available()) {
    if (name == candidate->name) return candidate;
  }
  return nullptr;
}

/// Read once, when the first kernel is asked for.
const KernelTable* initial() {
  const char* wanted = std::getenv("GRADSTREAM_ISA");
  const KernelTable* forced = wanted != nullptr ? find(wanted) : nullptr;
  return forced != nullptr ? forced : available().front();
}

std::atomic<const KernelTable*>& current() {
  static std::atomic<const KernelTable*> table{initial()};
  return table;
}

}  // namespace

const KernelTable& table() { return *current().load(std::memory_order_relaxed); }

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const KernelTable* candidate : available()) names.emplace_back(candidate->name);
  return names;
}

bool use_isa(const std::string& name) {
  const KernelTable* wanted = find(name);
  if (wanted == nullptr) return false;
  current().store(wanted);
  return true;
}

std::string selection_problem() {
  const char* wanted = std::getenv("GRADSTREAM_ISA");
  if (wanted == nullptr || find(wanted) != nullptr) return "";
  return wanted;
}

}  // namespace gradstream::kernels
