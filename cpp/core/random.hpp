// Counter-based order of an epoch: a function of (seed, epoch, position) without memory, the same on every machine and
// thread count.
#pragma once

#include <array>
#include <cstdint>

namespace gradstream {

/// splitmix64's finaliser (Steele, Lea, Flood 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9ULL;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// A bijection of [0, n): four Feistel rounds on the smallest even number of bits that holds n, walking the cycle back
/// into range (Black and Rogaway 2002). At most 4 walks on average, because 2^(2k) < 4 n.
class Permutation {
 public:
  Permutation(std::int64_t n, std::uint64_t seed, std::uint64_t epoch) : n_(static_cast<std::uint64_t>(n)) {
    while (half_bits_ < 32 && (1ULL << (2 * half_bits_)) < n_) ++half_bits_;
    mask_ = (1ULL << half_bits_) - 1;
    for (std::uint64_t j = 0; j < keys_.size(); ++j) {
      keys_[j] = mix(seed + 0x9E3779B97F4A7C15ULL * (epoch * keys_.size() + j + 1));
    }
  }

  std::int64_t operator()(std::int64_t position) const {
    auto value = static_cast<std::uint64_t>(position);
    do {
      value = once(value);
    } while (value >= n_);
    return static_cast<std::int64_t>(value);
  }

 private:
  std::uint64_t once(std::uint64_t value) const {
    std::uint64_t left = value >> half_bits_;
    std::uint64_t right = value & mask_;
    for (const std::uint64_t key : keys_) {
      const std::uint64_t next = left ^ (mix(right + key) & mask_);
      left = right;
      right = next;
    }
    return (left << half_bits_) | right;
  }

  std::uint64_t n_;
  std::uint64_t half_bits_ = 1;
  std::uint64_t mask_ = 1;
  std::array<std::uint64_t, 4> keys_{};
};

}  // namespace gradstream
