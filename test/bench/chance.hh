// chance.hh -- random numbers that are the same on every machine.
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace sheepdog {

/// xoshiro256** seeded by splitmix64 (Blackman and Vigna, prng.di.unimi.it): the same everywhere.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) {
    for (auto& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = rotated(state_[1] * 5, 7) * 9, t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotated(state_[3], 45);
    return result;
  }

  /// One of 0 ... n-1.
  int below(int n) {
    return static_cast<int>((static_cast<unsigned __int128>(next()) * static_cast<unsigned>(n)) >>
                            64);
  }
  /// From 0 to 1, neither of them.
  double fraction() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1p-53; }
  bool one_of(int n) { return below(n) == 0; }
  std::int64_t between(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(fraction() * static_cast<double>(to - from));
  }
  /// Exponential with `mean`.
  std::int64_t waiting(double mean) {
    return static_cast<std::int64_t>(-std::log(fraction()) * mean) + 1;
  }

 private:
  static std::uint64_t rotated(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::array<std::uint64_t, 4> state_;
};

}  // namespace sheepdog
