# gradstream_warnings: what every target of ours is compiled with and is clean under. Headers of dependencies are exempt (SYSTEM).
add_library(gradstream_warnings INTERFACE)
if(MSVC)
  target_compile_options(gradstream_warnings INTERFACE /W4 $<$<BOOL:${GRADSTREAM_WERROR}>:/WX>)
else()
  target_compile_options(gradstream_warnings INTERFACE -Wall -Wextra $<$<BOOL:${GRADSTREAM_WERROR}>:-Werror>)
endif()
