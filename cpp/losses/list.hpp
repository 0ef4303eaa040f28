// The register of losses. Adding one: its header, one word here, its slow twin in tests/reference/losses.py, a row in
// docs/guide/numerics.md.
#pragma once

#include <tuple>

#include "losses/gamma.hpp"
#include "losses/hinge.hpp"
#include "losses/huber.hpp"
#include "losses/log_loss.hpp"
#include "losses/modified_huber.hpp"
#include "losses/poisson.hpp"
#include "losses/squared_error.hpp"
#include "losses/squared_hinge.hpp"
#include "losses/tweedie.hpp"

namespace gradstream::losses {

using AllLosses = std::tuple<LogLoss, Hinge, SquaredHinge, ModifiedHuber, SquaredError, Huber, Poisson, Gamma, Tweedie>;
inline constexpr int kLossCount = static_cast<int>(std::tuple_size_v<AllLosses>);

}  // namespace gradstream::losses
