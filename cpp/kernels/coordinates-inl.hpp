// Loops over coordinates: one explicit step with a given gradient, and catching up on steps that were skipped.
#pragma once

#include "kernels/row_step-inl.hpp"

namespace gradstream::kernels {
namespace {

template <class Optimizer, class Penalty, class T>
void step_coordinates(const Spec& spec, const optimizers::StepContext& context, std::int64_t n, const double* g,
                      double kappa, T* const* slot) {
  One first[SlotCount<Optimizer>::size] = {};
  const double uniform = Optimizer::description.uniform ? Optimizer::rate(context, first).v : 0.0;
  const PenaltyStep<Optimizer, Penalty> penalty(spec.penalty, context.eta * kappa, uniform);
  each_pack(n, [&](auto tag, std::int64_t i) {
    using V = decltype(tag);
    V slots[SlotCount<Optimizer>::size];
    load_slots<Optimizer>(slot, i, slots);
    const V gradient = load<V>(g + i);
    Optimizer::accumulate(context, gradient, V(1.0), slots);
    const V c = Optimizer::rate(context, slots);
    const V w = load<V>(slot[0] + i) - V(context.eta) * Optimizer::direction(context, gradient, c, slots);
    store_slots<Optimizer>(slot, i, slots);
    store(slot[0] + i, penalty.apply(w, c));
  });
}

template <class Optimizer, class Penalty>
void catch_up_coordinates(const Spec& spec, const optimizers::StepContext& context, std::int64_t n, const double* lag,
                          const double* elapsed, const double* step, double* const* slot) {
  each_pack(n, [&](auto tag, std::int64_t i) {
    using V = decltype(tag);
    V slots[SlotCount<Optimizer>::size];
    load_slots<Optimizer>(slot, i, slots);
    const V c = Optimizer::pending_rate(context, Optimizer::description.decays ? load<V>(step + i) : V(0.0), slots);
    const V w = load<V>(slot[0] + i);
    store(slot[0] + i, Penalty::apply(w, Penalty::flow(spec.penalty, c * load<V>(lag + i))));
    if constexpr (Optimizer::description.decays) {
      Optimizer::absent(context, load<V>(elapsed + i), slots);
      store_slots<Optimizer>(slot, i, slots);
    }
  });
}

template <class T>
using StepCoordinates = void (*)(const Spec&, const optimizers::StepContext&, std::int64_t, const double*, double,
                                 T* const*);
using CatchUp = void (*)(const Spec&, const optimizers::StepContext&, std::int64_t, const double*, const double*,
                         const double*, double* const*);

template <class Penalty, class T, std::size_t... I>
StepCoordinates<T> step_coordinates_function(int optimizer, std::index_sequence<I...>) {
  static constexpr std::array<StepCoordinates<T>, sizeof...(I)> all{
      &step_coordinates<std::tuple_element_t<I, optimizers::AllOptimizers>, Penalty, T>...};
  return all[static_cast<std::size_t>(optimizer)];
}
template <class Penalty, std::size_t... I>
CatchUp catch_up_function_of(int optimizer, std::index_sequence<I...>) {
  static constexpr std::array<CatchUp, sizeof...(I)> all{
      &catch_up_coordinates<std::tuple_element_t<I, optimizers::AllOptimizers>, Penalty>...};
  return all[static_cast<std::size_t>(optimizer)];
}

inline CatchUp catch_up_function(const Spec& spec) {
  return penalties::visit(spec.penalty, [&](auto penalty) {
    return catch_up_function_of<decltype(penalty)>(spec.optimizer.optimizer, kOptimizers);
  });
}

template <class T>
void step_all(const Spec& spec, const optimizers::StepContext& context, std::int64_t n, const double* g, double kappa,
              T* const* slots) {
  penalties::visit(spec.penalty, [&](auto penalty) {
    step_coordinates_function<decltype(penalty), T>(spec.optimizer.optimizer, kOptimizers)(spec, context, n, g, kappa,
                                                                                           slots);
  });
}

inline void catch_up(const Spec& spec, const optimizers::StepContext& context, std::int64_t n, const double* lag,
                     const double* elapsed, const double* step, double* const* slots) {
  catch_up_function(spec)(spec, context, n, lag, elapsed, step, slots);
}

inline void penalty_flow(const PenaltySpec& spec, std::int64_t n, const double* tau, double* w) {
  penalties::visit(spec, [&](auto penalty) {
    each_pack(n, [&](auto tag, std::int64_t i) {
      using V = decltype(tag);
      store(w + i, decltype(penalty)::apply(load<V>(w + i), decltype(penalty)::flow(spec, load<V>(tau + i))));
    });
  });
}

}  // namespace
}  // namespace gradstream::kernels
