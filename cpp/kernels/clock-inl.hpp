// The scalars that advance with every step: rate, bias corrections, counters.
#pragma once

#include "kernels/row_step-inl.hpp"
#include "schedules/list.hpp"

namespace gradstream::kernels {
namespace {

inline double schedule_rate(const ScheduleSpec& spec, double t, double epoch) {
  return schedules::rate(spec, One(t), One(epoch)).v;
}

/// Rate and bias corrections of the step after `counters.steps`.
inline void prepare_step(const Spec& spec, const Counters& counters, optimizers::StepContext& context) {
  context.spec = &spec.optimizer;
  context.eta = schedule_rate(spec.schedule, counters.t, counters.epoch);
  if (spec.optimizer.optimizer != optimizers::id_of<optimizers::Adam>()) return;
  const One step(counters.steps + 1.0);
  context.correction_1 = -1.0 / expm1(step * One(context.log_beta_1)).v;
  context.correction_2 = -1.0 / expm1(step * One(context.log_beta_2)).v;
}

/// `schedule_time`: how far the schedule's clock moves (weight of a row, 1 for a block); `size`: s of a row, kappa of a
/// block.
inline void count_step(Counters& counters, double eta, double schedule_time, double size) {
  counters.t += schedule_time;
  counters.steps += 1.0;
  counters.clock += eta * size;
}

/// A row of weight s has been learnt. Where columns have statistics, the weight is theirs to count.
inline void count_row(Counters& counters, const Standardizer& standardizer, double s) {
  counters.samples += 1.0;
  if (standardizer.mean == nullptr && !standardizer.frozen) counters.weight += s;
}

inline double row_weight(const double* weight, std::int64_t row, double factor) {
  return weight != nullptr ? weight[row] * factor : factor;
}

}  // namespace
}  // namespace gradstream::kernels
