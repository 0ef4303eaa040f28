#include "solvers/stream_scores.hpp"

#include <cstddef>

namespace gradstream::solvers {
namespace {

/// Class weights so far, which of them is most, and the sum of squares of (weight + 1).
class Majority {
 public:
  explicit Majority(const LabelCounts& counts) : of_class_(counts.of_class), top_(counts.of_class[0]) {
    for (std::int64_t k = 0; k < counts.K; ++k) {
      squares_ += (of_class_[k] + 1.0) * (of_class_[k] + 1.0);
      most_ = of_class_[k] > top_ ? k : most_;
      top_ = of_class_[most_];
    }
  }

  std::int64_t most() const { return most_; }
  double squares() const { return squares_; }

  /// The weight of class k before s was added.
  double add(std::int64_t k, double s) {
    const double before = of_class_[k], after = before + s;
    squares_ += s * (2.0 * (before + 1.0) + s);
    of_class_[k] = after;
    const bool ahead = (after > top_) | ((after == top_) & (k < most_));  // no branch: labels cannot be foreseen
    most_ = ahead ? k : most_;
    top_ = ahead ? after : top_;
    return before;
  }

 private:
  double* of_class_;
  double top_;
  std::int64_t most_ = 0;
  double squares_ = 0.0;
};

constexpr int kSums = 8;  // side by side: an addition waits for none but the eighth before it

template <bool weighted, class Number>
double term(const Number* numbers, const double* weight, std::int64_t i) {
  const auto number = static_cast<double>(numbers[i]);
  if constexpr (!weighted) return number;
  return weight[i] > 0.0 ? number * weight[i] : 0.0;
}

template <bool weighted, class Number>
void add_up(const Number* numbers, const double* weight, const double* fade, std::int64_t begin, std::int64_t end,
            double* plain, double* faded) {
  double plain_sums[kSums] = {}, faded_sums[kSums] = {};
  std::int64_t i = begin;
  for (; i + kSums <= end; i += kSums) {
    for (int l = 0; l < kSums; ++l) {
      const double value = term<weighted>(numbers, weight, i + l);
      plain_sums[l] += value;
      faded_sums[l] += value * fade[i + l];
    }
  }
  for (; i < end; ++i) {
    const double value = term<weighted>(numbers, weight, i);
    plain_sums[0] += value;
    faded_sums[0] += value * fade[i];
  }
  *plain = *faded = 0.0;
  for (int l = 0; l < kSums; ++l) {
    *plain += plain_sums[l];
    *faded += faded_sums[l];
  }
}

}  // namespace

template <class Code>
void label_baselines(LabelRows<Code> rows, LabelCounts counts, LabelClaims<Code> majority, LabelClaims<Code> last) {
  Majority most(counts);
  const auto classes = static_cast<double>(counts.K), rest = classes > 2.0 ? classes - 1.0 : 1.0, each = 1.0 / rest;
  double seen = *counts.seen, repeats = *counts.repeats, followers = *counts.followers;
  auto before = static_cast<std::int64_t>(*counts.last);
  for (std::int64_t i = 0; i < rows.n; ++i) {
    const auto y = static_cast<std::int64_t>(rows.y[i]);
    const double s = rows.weight != nullptr ? rows.weight[i] : 1.0;
    const auto again = static_cast<double>(y == before);  // a branch would be missed every other time
    if (majority.label != nullptr) majority.label[i] = static_cast<Code>(most.most());
    if (last.label != nullptr) last.label[i] = static_cast<Code>(before);
    const double squares = most.squares(), own = most.add(y, s);
    if (majority.truth != nullptr) {
      const double share = 1.0 / (seen + classes), truth = (own + 1.0) * share;
      const double stay = (repeats + 1.0) / (followers + 2.0), change = (1.0 - stay) * each;
      majority.truth[i] = truth;
      last.truth[i] = change + again * (stay - change);
      if (majority.others != nullptr) {
        majority.others[i] = squares * share * share - truth * truth;
        last.others[i] = again > 0.0 ? rest * change * change : stay * stay + (rest - 1.0) * change * change;
      }
    }
    seen += s;
    repeats += s * again;
    followers += before >= 0 ? s : 0.0;
    before = y;
  }
  *counts.seen = seen;
  *counts.repeats = repeats;
  *counts.followers = followers;
  *counts.last = static_cast<double>(before);
}

template <class Number>
void piece_sums(const Number* numbers, const double* weight, const double* fade, const Pieces& pieces, double* plain,
                double* faded) {
  for (std::int64_t p = 0; p < pieces.count; ++p) {
    const std::int64_t end = p + 1 < pieces.count ? pieces.start[p + 1] : pieces.n;
    if (weight != nullptr) {
      add_up<true>(numbers, weight, fade, pieces.start[p], end, plain + p, faded + p);
    } else {
      add_up<false>(numbers, weight, fade, pieces.start[p], end, plain + p, faded + p);
    }
  }
}

template void label_baselines(LabelRows<std::int8_t>, LabelCounts, LabelClaims<std::int8_t>, LabelClaims<std::int8_t>);
template void label_baselines(LabelRows<std::int64_t>, LabelCounts, LabelClaims<std::int64_t>,
                              LabelClaims<std::int64_t>);
template void piece_sums(const double*, const double*, const double*, const Pieces&, double*, double*);
template void piece_sums(const bool*, const double*, const double*, const Pieces&, double*, double*);

}  // namespace gradstream::solvers
