#include "solvers/blocked_cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/aligned.hpp"
#include "kernels/table.hpp"
#include "solvers/small_dense.hpp"

namespace gradstream::solvers {
namespace {

constexpr std::size_t kBlock = 32;  // columns: what is done one by one grows with it, the share of add_gram as well

/// The matrix with rows of whole packs, a block of columns finished after the other: what is right of a block is
/// changed by all of it at once, which is a sum of products of rows.
class BlockedFactor {
 public:
  BlockedFactor(std::size_t n, const double* a, double smallest)
      : n_(n), stride_((n + kWidth - 1) / kWidth * kWidth), smallest_(smallest), a_(stride_ * stride_, 0.0) {
    for (std::size_t i = 0; i < n; ++i) std::copy_n(a + i * n, i + 1, row(i));
    for (std::size_t i = n; i < stride_; ++i) row(i)[i] = 1.0;
  }

  bool run() {
    whole_.resize(stride_);
    for (std::size_t i = 0; i < stride_; ++i) whole_[i] = row(i)[i];
    for (std::size_t begin = 0; begin < stride_; begin += kBlock) {
      const std::size_t end = std::min(begin + kBlock, stride_);
      if (!corner(begin, end)) return false;
      for (std::size_t i = end; i < stride_; ++i) below(begin, end, row(i));
      if (end < stride_) take_from_the_rest(begin, end);
    }
    return true;
  }

  void copy_to(double* a) {
    for (std::size_t i = 0; i < n_; ++i) std::copy_n(row(i), i + 1, a + i * n_);
  }

 private:
  static constexpr std::size_t kWidth = kernels::kGramWidth;

  double* row(std::size_t i) { return a_.data() + i * stride_; }

  bool corner(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      below(begin, i, row(i));
      double& pivot = row(i)[i];
      pivot -= dot(row(i) + begin, row(i) + begin, i - begin);
      if (!(pivot > smallest_ * whole_[i])) return false;
      pivot = std::sqrt(pivot);
    }
    return true;
  }

  /// Elements [begin, end) of a row below the pivots of these columns.
  void below(std::size_t begin, std::size_t end, double* own) {
    for (std::size_t j = begin; j < end; ++j) {
      own[j] = (own[j] - dot(own + begin, row(j) + begin, j - begin)) / row(j)[j];
    }
  }

  /// What the finished columns explain of all rows below.
  void take_from_the_rest(std::size_t begin, std::size_t end) {
    const std::size_t left = stride_ - end, columns = end - begin;
    across_.resize(2 * kBlock * left);
    double *const minus = across_.data(), *const plus = minus + columns * left;
    for (std::size_t i = 0; i < left; ++i) {
      const double* own = row(end + i) + begin;
      for (std::size_t j = 0; j < columns; ++j) {
        plus[j * left + i] = own[j];
        minus[j * left + i] = -own[j];
      }
    }
    const kernels::GramTile tile{static_cast<std::int64_t>(columns), static_cast<std::int64_t>(left), minus, plus,
                                 static_cast<std::int64_t>(stride_)};
    kernels::table().add_gram(tile, row(end) + end);
  }

  std::size_t n_, stride_;
  double smallest_;
  AlignedVector<double> a_, across_;
  Vector whole_;  // the diagonal as it was
};

}  // namespace

bool factorise_blocked(std::size_t n, double* a, double smallest) {
  if (n <= 2 * kBlock) return factorise(n, a, smallest);
  BlockedFactor factor(n, a, smallest);
  if (!factor.run()) return false;
  factor.copy_to(a);
  return true;
}

}  // namespace gradstream::solvers
