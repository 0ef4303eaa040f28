# The kernels, compiled once per instruction set, and the code that chooses between them when the module is imported.
# The only file that names an instruction set to a compiler.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)

# cpu.cpp and select.cpp run before anything is known about the machine: baseline flags, like the rest of the module.
add_library(gradstream_kernels OBJECT cpp/kernels/cpu.cpp cpp/kernels/select.cpp)
target_link_libraries(gradstream_kernels PRIVATE gradstream_flags)
target_compile_options(gradstream_kernels PRIVATE ${strict_rounding})

# add_kernel_isa(<name> [flag...]): compile cpp/kernels/<name>.cpp with the flags and tell select.cpp (GRADSTREAM_HAVE_<NAME>).
#
# A product and a sum are contracted to one instruction where the instruction set has it: same bits on one instruction set and build,
# and GRADSTREAM_ISA pins the set. Objects must define no weak symbol: the linker keeps one copy of each for the whole module, and
# the copy may be the one with instructions that the machine lacks (tests/test_architecture.py reads the objects).
function(add_kernel_isa name)
  set(target gradstream_kernels_${name})
  add_library(${target} OBJECT cpp/kernels/${name}.cpp)
  set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
  target_link_libraries(${target} PRIVATE gradstream_flags)
  if(MSVC)
    target_compile_options(${target} PRIVATE /fp:contract ${ARGN})
  else()
    # psabi: a note about how vector types are passed between functions; here they never leave one file.
    target_compile_options(${target} PRIVATE -ffp-contract=fast $<$<CXX_COMPILER_ID:GNU>:-Wno-psabi> ${ARGN})
  endif()
  string(TOUPPER ${name} upper)
  target_compile_definitions(gradstream_kernels PRIVATE GRADSTREAM_HAVE_${upper})
  target_sources(gradstream_kernels INTERFACE $<TARGET_OBJECTS:${target}>)
endfunction()

# Compiles for every architecture of a universal macOS build, so that one with arm64 in it answers no.
check_cxx_source_compiles(
  "#if !defined(__x86_64__) && !defined(_M_X64)
   #error not x86-64
   #endif
   int main() { return 0; }"
  GRADSTREAM_X86_64)

add_kernel_isa(baseline)
# Without optimisation, functions of the standard library stay weak symbols in every object: Debug has the baseline only.
if(GRADSTREAM_X86_64 AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  if(MSVC)
    add_kernel_isa(avx2 /arch:AVX2)
    add_kernel_isa(avx512 /arch:AVX512)
  else()
    check_cxx_compiler_flag(-march=x86-64-v4 GRADSTREAM_NAMES_X86_64_LEVELS)  # GCC 11, Clang 12
    if(GRADSTREAM_NAMES_X86_64_LEVELS)
      add_kernel_isa(avx2 -march=x86-64-v3)
      add_kernel_isa(avx512 -march=x86-64-v4)
    endif()
  endif()
endif()
