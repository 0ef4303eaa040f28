// The register of optimizers for rows and blocks. Adding one: its header, one word here, its slow twin in
// tests/reference/optimizers.py, a row in numerics.md.
#pragma once

#include <array>
#include <tuple>
#include <type_traits>

#include "optimizers/adagrad.hpp"
#include "optimizers/adam.hpp"
#include "optimizers/momentum.hpp"
#include "optimizers/sgd.hpp"

namespace gradstream::optimizers {

using AllOptimizers = std::tuple<Sgd, Momentum, AdaGrad, Adam>;
inline constexpr int kOptimizerCount = static_cast<int>(std::tuple_size_v<AllOptimizers>);
inline constexpr int kMaxSlots = 2;

/// Position of an optimizer in the register.
template <class Optimizer, int kAt = 0>
consteval int id_of() {
  if constexpr (std::is_same_v<Optimizer, std::tuple_element_t<kAt, AllOptimizers>>) {
    return kAt;
  } else {
    return id_of<Optimizer, kAt + 1>();
  }
}

inline constexpr std::array<Description, kOptimizerCount> kDescriptions{
    {Sgd::description, Momentum::description, AdaGrad::description, Adam::description}};

}  // namespace gradstream::optimizers
