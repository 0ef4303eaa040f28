// Which rows on which thread. The number of blocks is the caller's, from the shape alone; threads only share blocks
// out, so results do not depend on them.
#pragma once

#include <cstdint>
#include <functional>

namespace gradstream::parallel {

/// Runs body(block) for every block in [0, blocks) on at most n_threads threads; blocks may run in any order. What
/// a body throws (std::bad_alloc) reaches the caller, one of several, once no body runs any more; so does Interrupted,
/// which is looked for before every block.
void for_blocks(std::int64_t blocks, int n_threads, const std::function<void(std::int64_t)>& body);

/// What n_jobs=None means: OMP_NUM_THREADS, else the cores this process may use; with OpenMP 1 in a forked child.
int max_threads();

/// The backend built in: "openmp", "threads" or "serial".
const char* backend();

}  // namespace gradstream::parallel
