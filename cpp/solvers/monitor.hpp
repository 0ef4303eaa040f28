// Where a full-batch fit stands: iterations so far, when to stop, who is told.
#pragma once

#include <cmath>
#include <functional>
#include <tuple>
#include <utility>
#include <vector>

#include "solvers/oracle.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// Called after every iteration with (iteration, penalised objective, optimality); false stops the fit.
using Progress = std::function<bool(int, double, double)>;

/// Called every now and then within long iterations; what it throws (Ctrl-C) ends the fit.
using LookUp = std::function<void()>;

/// Parameters with the smooth part of the objective and its gradient there.
struct Point {
  Vector x;
  double value = 0.0;
  Vector gradient;

  void evaluate(Oracle& oracle) {
    gradient.resize(x.size());
    value = oracle.value_gradient(x.data(), gradient.data());
  }
  /// Both this point and one whose coefficients are 0.
  void evaluate_with(Oracle& oracle, Point& blank) {
    gradient.resize(x.size());
    blank.gradient.resize(x.size());
    std::tie(value, blank.value) =
        oracle.value_gradient_and_blank(x.data(), gradient.data(), blank.x.data(), blank.gradient.data());
  }
  bool finite() const { return std::isfinite(value) && std::isfinite(norm(gradient)); }
};

class Monitor {
 public:
  Monitor(int max_iter, Progress progress, LookUp look_up = nullptr)
      : max_iter_(max_iter), progress_(std::move(progress)), look_up_(std::move(look_up)) {}

  /// One more iteration is done; false when the caller wants no other.
  bool record(double objective, double optimality) {
    loss_curve_.push_back(objective);
    if (progress_ && !progress_(iterations(), objective, optimality)) interrupted_ = true;
    return !interrupted_;
  }
  void look_up() const {
    if (look_up_) look_up_();
  }
  int iterations() const { return static_cast<int>(loss_curve_.size()); }
  bool exhausted() const { return iterations() >= max_iter_; }
  int left() const { return max_iter_ - iterations(); }
  bool interrupted() const { return interrupted_; }
  std::vector<double> take_loss_curve() { return std::move(loss_curve_); }

 private:
  int max_iter_;
  Progress progress_;
  LookUp look_up_;
  std::vector<double> loss_curve_;
  bool interrupted_ = false;
};

}  // namespace gradstream::solvers
