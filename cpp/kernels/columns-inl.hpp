// Tiles of dense rows against K > 1 columns. Coefficients and sums are copied once per call into rows padded to whole
// packs: (d, padded K).
#pragma once

#include "kernels/rows-inl.hpp"

namespace gradstream::kernels {
namespace {

inline void pad_columns(std::int64_t d, std::int64_t K, const double* from, double* to) {
  const std::int64_t width = padded(K);
  for (std::int64_t j = 0; j < d; ++j) {
    for (std::int64_t k = 0; k < K; ++k) to[j * width + k] = from[j * K + k];
    for (std::int64_t k = K; k < width; ++k) to[j * width + k] = 0.0;
  }
}

inline void unpad_columns(std::int64_t d, std::int64_t K, const double* from, double* to) {
  const std::int64_t width = padded(K);
  for (std::int64_t j = 0; j < d; ++j) {
    for (std::int64_t k = 0; k < K; ++k) to[j * K + k] = from[j * width + k];
  }
}

/// out (R, K) = (x - center) W + intercept for R rows; W (d, width). A pack of columns stays in registers while j runs.
template <int R, bool kCentered, class T>
GRADSTREAM_INLINE void dot_columns(const T* const* rows, std::int64_t d, const double* center, const double* W,
                                   const double* intercept, std::int64_t K, double* out) {
  const std::int64_t width = padded(K);
  for (std::int64_t first = 0; first < width; first += kLanes) {
    Wide sum[R];
    for (int r = 0; r < R; ++r) sum[r] = Wide(0.0);
    for (std::int64_t j = 0; j < d; ++j) {
      const Wide w = load<Wide>(W + j * width + first);
      for (int r = 0; r < R; ++r) sum[r] += Wide(centered<One, kCentered>(rows[r], center, j).v) * w;
    }
    for (int r = 0; r < R; ++r) {
      double lanes[kLanes];
      store(lanes, sum[r]);
      for (std::int64_t k = first; k < first + kLanes && k < K; ++k) out[r * K + k] = lanes[k - first] + intercept[k];
    }
  }
}

/// G (d, width) += (x - center)^T a for R rows; a (R, width).
template <int R, bool kCentered, class T>
GRADSTREAM_INLINE void axpy_columns(const T* const* rows, std::int64_t d, const double* center, const double* a,
                                    std::int64_t width, double* G) {
  for (std::int64_t first = 0; first < width; first += kLanes) {
    Wide weights[R];
    for (int r = 0; r < R; ++r) weights[r] = load<Wide>(a + r * width + first);
    for (std::int64_t j = 0; j < d; ++j) {
      Wide sum = load<Wide>(G + j * width + first);
      for (int r = 0; r < R; ++r) sum += Wide(centered<One, kCentered>(rows[r], center, j).v) * weights[r];
      store(G + j * width + first, sum);
    }
  }
}

template <bool kCentered, class T>
void dot_columns_tile(const T* const* rows, std::int64_t count, std::int64_t d, const double* center, const double* W,
                      const double* intercept, std::int64_t K, double* out) {
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) dot_columns<4, kCentered>(rows + i, d, center, W, intercept, K, out + i * K);
  for (; i < count; ++i) dot_columns<1, kCentered>(rows + i, d, center, W, intercept, K, out + i * K);
}

template <bool kCentered, class T>
void axpy_columns_tile(const T* const* rows, std::int64_t count, std::int64_t d, const double* center, const double* a,
                       std::int64_t width, double* G) {
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) axpy_columns<4, kCentered>(rows + i, d, center, a + i * width, width, G);
  for (; i < count; ++i) axpy_columns<1, kCentered>(rows + i, d, center, a + i * width, width, G);
}

}  // namespace
}  // namespace gradstream::kernels
