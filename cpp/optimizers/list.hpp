// The register of optimizers for rows and blocks. Adding one: its header, one word here, its slow twin in
// tests/reference/optimizers.py, a row in numerics.md.
#pragma once

#include <array>
#include <tuple>

#include "optimizers/adagrad.hpp"
#include "optimizers/adam.hpp"
#include "optimizers/momentum.hpp"
#include "optimizers/sgd.hpp"

namespace gradstream::optimizers {

using AllOptimizers = std::tuple<Sgd, Momentum, AdaGrad, Adam>;
inline constexpr int kOptimizerCount = static_cast<int>(std::tuple_size_v<AllOptimizers>);
inline constexpr int kMaxSlots = 2;

inline constexpr std::array<Description, kOptimizerCount> kDescriptions{
    {Sgd::description, Momentum::description, AdaGrad::description, Adam::description}};

}  // namespace gradstream::optimizers
