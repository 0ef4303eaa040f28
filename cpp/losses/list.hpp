// The register of losses. Adding one: its header, one word here, its slow twin in tests/reference/losses.py, a row in
// docs/guide/numerics.md.
#pragma once

#include <tuple>
#include <type_traits>

#include "losses/gamma.hpp"
#include "losses/hinge.hpp"
#include "losses/huber.hpp"
#include "losses/log_loss.hpp"
#include "losses/modified_huber.hpp"
#include "losses/poisson.hpp"
#include "losses/squared_error.hpp"
#include "losses/squared_hinge.hpp"
#include "losses/tweedie.hpp"
#include "losses/tweedie_identity.hpp"

namespace gradstream::losses {

using AllLosses = std::tuple<LogLoss, Hinge, SquaredHinge, ModifiedHuber, SquaredError, Huber, Poisson, Gamma, Tweedie,
                             TweedieIdentity>;
inline constexpr int kLossCount = static_cast<int>(std::tuple_size_v<AllLosses>);

template <class Loss, int at = 0>
constexpr int position_of() {
  if constexpr (std::is_same_v<std::tuple_element_t<at, AllLosses>, Loss>) {
    return at;
  } else {
    return position_of<Loss, at + 1>();
  }
}

}  // namespace gradstream::losses
