// The whole module on one screen. Nothing below this room touches Python.
#include <pybind11/pybind11.h>

#include "bindings/register.hpp"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  m.doc() = "Compiled core of gradstream: solvers and kernels on NumPy arrays, borrowed without copies.";
  gradstream::bindings::register_lists(m);
  gradstream::bindings::register_formulas(m);
  gradstream::bindings::register_batch(m);
  gradstream::bindings::register_gram(m);
  gradstream::bindings::register_learner(m);
  gradstream::bindings::register_bank(m);
  gradstream::bindings::register_scores(m);
  gradstream::bindings::register_one_row(m);
  gradstream::bindings::register_labels(m);
  gradstream::bindings::register_margins(m);
  gradstream::bindings::register_sklearn_sgd(m);
  gradstream::bindings::register_machine(m);
}
