// What scoring a stream of labels costs most: predictors that count labels, and sums over pieces of a stream. One pass
// each, without arrays in between.
#pragma once

#include <cstdint>

namespace gradstream::solvers {

/// What the two predictors remember: weight of the rows so far, of those that repeated the label before, of those that
/// had one; that label, -1 before the first row; weight of each class (K,).
struct LabelCounts {
  double* seen;
  double* repeats;
  double* followers;
  double* last;
  double* of_class;
  std::int64_t K;
};

/// What one predictor says of each row: a label, the probability of the label that came, and the sum of the squares of
/// the others' probabilities. Null: not wanted.
template <class Code>
struct LabelClaims {
  Code* label = nullptr;
  double* truth = nullptr;
  double* others = nullptr;
};

template <class Code>
struct LabelRows {
  const Code* y;         // in [0, K)
  const double* weight;  // null: 1 each
  std::int64_t n;
};

/// `majority`: the class of most weight so far, the first of them; shares so far, each class counting once more.
/// `last`: the label before; of the same again (repeats + 1) / (rows + 2), the rest in equal parts.
template <class Code>
void label_baselines(LabelRows<Code> rows, LabelCounts counts, LabelClaims<Code> majority, LabelClaims<Code> last);

struct Pieces {
  const std::int64_t* start;  // increasing, the first 0
  std::int64_t count;
  std::int64_t n;  // where the last one ends
};

/// Sums (pieces,) of numbers (n,) times weights (null: 1 each), and of these times `fade` (n,). A number of weight 0
/// counts nothing, infinity included.
template <class Number>
void piece_sums(const Number* numbers, const double* weight, const double* fade, const Pieces& pieces, double* plain,
                double* faded);

}  // namespace gradstream::solvers
