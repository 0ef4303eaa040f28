// The only place that asks which compiler this is.
#pragma once

#include <cmath>

#if defined(__GNUC__) || defined(__clang__)
#define GRADSTREAM_INLINE inline __attribute__((always_inline))
#define GRADSTREAM_NOINLINE __attribute__((noinline))
#define GRADSTREAM_PREFETCH(address) __builtin_prefetch(address)
#define GRADSTREAM_PREFETCH_SECOND_LEVEL(address) __builtin_prefetch(address, 0, 2)
#define GRADSTREAM_PREFETCH_WRITE(address) __builtin_prefetch(address, 1)
#define GRADSTREAM_SQRT(x) __builtin_sqrt(x)  // an instruction wherever there is one, without optimisation as well
#define GRADSTREAM_VECTOR_EXTENSIONS 1
#if __has_builtin(__builtin_shufflevector)  // Clang, GCC 12
#define GRADSTREAM_SHUFFLES 1
#endif
#elif defined(_MSC_VER)
#define GRADSTREAM_SQRT(x) std::sqrt(x)
#define GRADSTREAM_INLINE __forceinline
#define GRADSTREAM_NOINLINE __declspec(noinline)
#define GRADSTREAM_PREFETCH(address) ((void)(address))
#define GRADSTREAM_PREFETCH_SECOND_LEVEL(address) ((void)(address))
#define GRADSTREAM_PREFETCH_WRITE(address) ((void)(address))
#else
#define GRADSTREAM_SQRT(x) std::sqrt(x)
#define GRADSTREAM_INLINE inline
#define GRADSTREAM_NOINLINE
#define GRADSTREAM_PREFETCH(address) ((void)(address))
#define GRADSTREAM_PREFETCH_SECOND_LEVEL(address) ((void)(address))
#define GRADSTREAM_PREFETCH_WRITE(address) ((void)(address))
#endif
