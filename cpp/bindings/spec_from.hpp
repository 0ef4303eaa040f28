// The Python specification (a dict, _core.pyi) as a Spec, and the registers it is written in.
#pragma once

#include <pybind11/pybind11.h>

#include "core/spec.hpp"

namespace gradstream::bindings {

Spec spec_from(const pybind11::dict& dict);

/// The smallest target that a loss of regression allows.
double least_target(const LossSpec& loss);

/// Position of a loss by name; throws ValueError with the names there are.
int loss_id(const std::string& name);

}  // namespace gradstream::bindings
