#include "solvers/curvature_sums.hpp"

#include <algorithm>

#include "kernels/table.hpp"

namespace gradstream::solvers {
namespace {

std::size_t pairs(std::size_t K) { return K * (K + 1) / 2; }

std::size_t in_whole_packs(std::size_t p) {
  constexpr auto pack = static_cast<std::size_t>(kernels::kGramWidth);
  return (p + pack - 1) / pack * pack;
}

}  // namespace

CurvatureSums::CurvatureSums(std::size_t p, std::int64_t K)
    : p_(p),
      width_(in_whole_packs(p)),
      columns_(static_cast<std::size_t>(K)),
      x_(kTile * width_, 0.0),
      weighted_(kTile * width_, 0.0),
      curvature_(pairs(columns_) * kTile, 0.0),
      sums_(pairs(columns_) * width_ * width_, 0.0) {}

void CurvatureSums::clear() {
  filled_ = 0;
  std::fill(sums_.begin(), sums_.end(), 0.0);
}

void CurvatureSums::add(const Vector& x, const double* curvature) {
  std::copy_n(x.begin(), p_, x_.begin() + static_cast<std::ptrdiff_t>(filled_ * width_));
  std::size_t pair = 0;
  for (std::size_t k = 0; k < columns_; ++k) {
    for (std::size_t l = 0; l <= k; ++l) curvature_[pair++ * kTile + filled_] = curvature[k * columns_ + l];
  }
  if (++filled_ == kTile) flush();
}

void CurvatureSums::flush() {
  for (std::size_t pair = 0; pair < pairs(columns_); ++pair) {
    const double* curvature = curvature_.data() + pair * kTile;
    if (std::all_of(curvature, curvature + filled_, [](double value) { return value == 0.0; })) continue;
    for (std::size_t row = 0; row < filled_; ++row) {
      const double* x = x_.data() + row * width_;
      double* weighted = weighted_.data() + row * width_;
      for (std::size_t j = 0; j < p_; ++j) weighted[j] = curvature[row] * x[j];
    }
    kernels::table().add_gram(
        {static_cast<std::int64_t>(filled_), static_cast<std::int64_t>(width_), weighted_.data(), x_.data()},
        sums_.data() + pair * width_ * width_);
  }
  filled_ = 0;
}

void CurvatureSums::write(double factor, double* hessian) {
  flush();
  const std::size_t size = p_ * columns_;
  std::size_t pair = 0;
  for (std::size_t k = 0; k < columns_; ++k) {
    for (std::size_t l = 0; l <= k; ++l, ++pair) {
      for (std::size_t j = 0; j < p_; ++j) {
        for (std::size_t i = 0; i <= j; ++i) {
          const double value = factor * sums_[(pair * width_ + j) * width_ + i];
          hessian[(j * columns_ + k) * size + i * columns_ + l] = value;
          hessian[(j * columns_ + l) * size + i * columns_ + k] = value;
        }
      }
    }
  }
}

double curvature_sums_ns(std::int64_t n, std::int64_t p, std::int64_t K) {
  const auto width = static_cast<double>(p), columns = static_cast<double>(K);
  const double products = 0.25 * columns * (columns + 1.0) * width * (width + 1.0);
  return static_cast<double>(n) * (0.03 * products + 0.5 * width + 5.0 * columns * columns);
}

}  // namespace gradstream::solvers
