// What fork leaves behind in a child: none of its parent's threads, but all that they held.
#pragma once

namespace gradstream::parallel {

/// How many forks lie between this process and the one that loaded the library. A child has another number than its
/// parent: what was taken under that is free.
int forks();

/// libgomp hangs in a child forked after its threads have started (gcc#58378): such a child runs on one thread.
inline bool in_forked_child() { return forks() > 0; }

}  // namespace gradstream::parallel
