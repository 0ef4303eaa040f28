#include "solvers/curvature_sums.hpp"

#include <algorithm>

#include "kernels/table.hpp"

namespace gradstream::solvers {
namespace {

std::vector<std::size_t> list_of(ColumnPairs pairs, std::size_t K) {
  std::vector<std::size_t> list;
  for (std::size_t k = 0; k < K; ++k) {
    for (std::size_t l = pairs == ColumnPairs::all ? 0 : k; l <= k; ++l) list.push_back(k * K + l);
  }
  return list;
}

std::size_t in_whole_packs(std::size_t p) {
  constexpr auto pack = static_cast<std::size_t>(kernels::kGramWidth);
  return (p + pack - 1) / pack * pack;
}

}  // namespace

CurvatureSums::CurvatureSums(std::size_t p, std::int64_t K, ColumnPairs pairs)
    : p_(p),
      width_(in_whole_packs(p)),
      columns_(static_cast<std::size_t>(K)),
      pairs_(list_of(pairs, columns_)),
      x_(kTile * width_, 0.0),
      weighted_(kTile * width_, 0.0),
      curvature_(pairs_.size() * kTile, 0.0),
      sums_(pairs_.size() * width_ * width_, 0.0) {}

void CurvatureSums::clear() {
  filled_ = 0;
  std::fill(sums_.begin(), sums_.end(), 0.0);
}

void CurvatureSums::add(const Vector& x, const double* curvature) {
  std::copy_n(x.begin(), p_, x_.begin() + static_cast<std::ptrdiff_t>(filled_ * width_));
  for (std::size_t at = 0; at < pairs_.size(); ++at) curvature_[at * kTile + filled_] = curvature[pairs_[at]];
  if (++filled_ == kTile) flush();
}

void CurvatureSums::flush() {
  for (std::size_t pair = 0; pair < pairs_.size(); ++pair) {
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

void CurvatureSums::add(const CurvatureSums& other) {
  for (std::size_t at = 0; at < sums_.size(); ++at) sums_[at] += other.sums_[at];
}

void CurvatureSums::standardise(const double* scale, double intercept) {
  const auto factor = [&](std::size_t j) { return j + 1 == p_ ? intercept : scale != nullptr ? scale[j] : 1.0; };
  for (std::size_t j = 0; j < p_; ++j) {
    for (std::size_t i = 0; i <= j; ++i) sums_[j * width_ + i] *= factor(j) * factor(i);
  }
}

void CurvatureSums::write(double factor, double* hessian) {
  flush();
  const std::size_t size = p_ * columns_;
  for (std::size_t pair = 0; pair < pairs_.size(); ++pair) {
    const std::size_t k = pairs_[pair] / columns_, l = pairs_[pair] % columns_;
    for (std::size_t j = 0; j < p_; ++j) {
      for (std::size_t i = 0; i <= j; ++i) {
        const double value = factor * sums_[(pair * width_ + j) * width_ + i];
        hessian[(j * columns_ + k) * size + i * columns_ + l] = value;
        hessian[(j * columns_ + l) * size + i * columns_ + k] = value;
      }
    }
  }
}

void CurvatureSums::write_blocks(double factor, double* blocks) {
  flush();
  for (std::size_t k = 0; k < columns_; ++k) {
    for (std::size_t j = 0; j < p_; ++j) {
      for (std::size_t i = 0; i <= j; ++i) {
        blocks[(k * p_ + j) * p_ + i] = factor * sums_[(k * width_ + j) * width_ + i];
      }
    }
  }
}

double curvature_sums_ns(std::int64_t n, std::int64_t p, std::int64_t K, ColumnPairs pairs) {
  const auto width = static_cast<double>(p), columns = static_cast<double>(K);
  const double blocks = pairs == ColumnPairs::all ? 0.5 * columns * (columns + 1.0) : columns;
  const double products = 0.5 * blocks * width * (width + 1.0);
  return static_cast<double>(n) * (0.03 * products + 0.5 * width + 5.0 * columns * columns);
}

}  // namespace gradstream::solvers
