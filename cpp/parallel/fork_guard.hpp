// libgomp hangs in a child forked after its threads have started (gcc#58378): such a child runs on one thread.
#pragma once

namespace gradstream::parallel {

bool in_forked_child();

}  // namespace gradstream::parallel
