// One function per concept; module.cpp calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace gradstream::bindings {

void register_batch(pybind11::module_& m);        // full_batch, loss_gradient, moments ...
void register_gram(pybind11::module_& m);         // gram_sums, least_squares
void register_learner(pybind11::module_& m);      // Learner
void register_bank(pybind11::module_& m);         // Bank
void register_one_row(pybind11::module_& m);      // OneRow, Turn
void register_formulas(pybind11::module_& m);     // single formulas, for tests and documentation
void register_lists(pybind11::module_& m);        // losses(), penalties(), optimizers(), schedules()
void register_scores(pybind11::module_& m);       // label_baselines, piece_sums: what evaluation adds up
void register_labels(pybind11::module_& m);       // two_classes, class_codes, encode_labels, are_targets
void register_margins(pybind11::module_& m);      // linear_margins, labels_of_margins
void register_sklearn_sgd(pybind11::module_& m);  // SklearnSgd, SklearnSgdHeld
void register_machine(pybind11::module_& m);      // isa(), threads, build_info()

}  // namespace gradstream::bindings
