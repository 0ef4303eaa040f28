// The learner's state as kernels see it, for rows (batch size 1) and for blocks of rows.
#pragma once

#include <cstdint>

#include "core/spec.hpp"
#include "kernels/record.hpp"
#include "optimizers/step.hpp"

namespace gradstream::kernels {

/// Positions in the counters array of a learner's state.
struct Counters {
  double t;             // clock of the schedule: weight at batch size 1, steps otherwise
  double steps;         // steps made
  double clock;         // sum of eta s (of eta kappa for blocks): how long the penalty has acted
  double weight;        // of the rows learnt, as far as a standardiser has taken them in
  double samples;       // rows of positive weight
  double block_rows;    // rows in the unfinished block
  double block_weight;  // and their weight
  double epoch;         // finished epochs of the last fit
};

/// State of the standardiser, (d,) each; `scale` is scratch holding 1/sd of the current statistics. mean null: rows are
/// read as they are.
struct Standardizer {
  double* mean = nullptr;
  double* m2 = nullptr;
  double* seen = nullptr;  // sparse only: weight up to which the column's absent zeros are merged
  double* scale = nullptr;
  bool center = false;
  bool frozen = false;  // inside fit: statistics of the whole data stand
};

/// Weights and slots. Dense: `slot[0]` are weights (flat, feature-major, K per feature, padded to whole packs), then
/// the optimizer's slots. Sparse: `record` = (d, record_width) of a RecordShape.
template <class T>
struct WeightTable {
  T* slot[3] = {nullptr, nullptr, nullptr};
  T* record = nullptr;
  std::int64_t record_width = 0;
  int slots = 0;
};

/// Sums of an unfinished block.
struct BlockSums {
  double* coef = nullptr;       // (d, K): sum of s r (x - center)
  double* intercept = nullptr;  // (K,)
  double* scale = nullptr;      // (d,) sparse and scaled: 1/sd at the block's start, for touched features
  double* touched = nullptr;    // (d,) sparse: a linked list of the block's features, so that no call scans d of them:
                                // 0 not in it, else 1 + the next link
  double* first = nullptr;      // the first link. A link is 0 at the end, else 1 + the feature
};

template <class T>
struct StreamJob {
  const Spec* spec = nullptr;
  const double* y = nullptr;       // by absolute row; null when only reporting
  const double* weight = nullptr;  // by absolute row; null: all 1
  double weight_factor = 1.0;      // multiplies every weight (fit divides by the mean weight)
  double* report = nullptr;        // (rows of the set, K) margins before learning; null: not wanted
  optimizers::StepContext context;
  WeightTable<T> table;
  double* bias = nullptr;  // (1 + slots, K)
  Standardizer standardizer;
  Counters* counters = nullptr;
  BlockSums block;                  // only for accumulate
  double block_start_weight = 0.0;  // what the standardiser had seen when the block began
  double loss = 0.0;                // out: sum of s loss before each step, when `want_loss`
  bool want_loss = false;
  double* workspace = nullptr;  // stream_workspace(...) doubles
};

}  // namespace gradstream::kernels
