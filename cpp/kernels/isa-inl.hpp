// Assembles one instruction set's table from the kernels. Included last by baseline.cpp, avx2.cpp and avx512.cpp.
#pragma once

#include "kernels/coordinates-inl.hpp"
#include "kernels/dense-inl.hpp"
#include "kernels/gram_rows-inl.hpp"
#include "kernels/sklearn_sgd_dense-inl.hpp"
#include "kernels/sklearn_sgd_sparse-inl.hpp"
#include "kernels/sparse-inl.hpp"
#include "kernels/statistics-inl.hpp"
#include "kernels/stream_bank-inl.hpp"
#include "kernels/stream_dense-inl.hpp"
#include "kernels/stream_sparse-inl.hpp"
#include "kernels/stream_sparse_bank-inl.hpp"
#include "kernels/table.hpp"

namespace gradstream::kernels {
namespace {

template <class View>
constexpr ViewKernels<View> dense_kernels() {
  return {&dense_workspace<View>,
          &dense_loss_gradient<View>,
          &dense_curvature_product<View>,
          &dense_curvature_diagonal<View>,
          &dense_margins<View>,
          &dense_moments<View>,
          &dense_squared_gradients<View>,
          &dense_row_dot<View>,
          &dense_row_axpy<View>,
          &dense_row_norm<View>,
          &dense_check_finite<View>,
          &dense_stream_workspace<View>,
          &dense_learn<View>,
          &dense_report<View>,
          &dense_accumulate<View>,
          &dense_bank_workspace<View>,
          &dense_bank_learn<View>,
          &dense_bank_report<View>,
          &gram_rows<View>};
}

template <class View>
constexpr ViewKernels<View> sparse_kernels() {
  return {&sparse_workspace<View>,
          &sparse_loss_gradient<View>,
          &sparse_curvature_product<View>,
          &sparse_curvature_diagonal<View>,
          &sparse_margins<View>,
          &sparse_moments<View>,
          &sparse_squared_gradients<View>,
          &sparse_row_dot<View>,
          &sparse_row_axpy<View>,
          &sparse_row_norm<View>,
          &sparse_check_finite<View>,
          &sparse_stream_workspace<View>,
          &sparse_learn<View>,
          &sparse_report<View>,
          &sparse_accumulate<View>,
          &sparse_bank_workspace<View>,
          &sparse_bank_learn<View>,
          &sparse_bank_report<View>,
          &gram_rows<View>};
}

constexpr KernelTable make_table(const char* name) {
  return {name,
          dense_kernels<DenseView<float>>(),
          dense_kernels<DenseView<double>>(),
          dense_kernels<StridedView<float>>(),
          dense_kernels<StridedView<double>>(),
          sparse_kernels<CsrView<float, std::int32_t>>(),
          sparse_kernels<CsrView<float, std::int64_t>>(),
          sparse_kernels<CsrView<double, std::int32_t>>(),
          sparse_kernels<CsrView<double, std::int64_t>>(),
          &loss_rows,
          &invariant_steps,
          &logistic_share,
          &penalty_flow,
          &step_all<float>,
          &step_all<double>,
          &catch_up,
          &settle_elements,
          &add_gram,
          &schedule_rate,
          &prepare_step,
          &inverse_deviation,
          {kLanes, &sgd_dense<float>, &sgd_dense<double>, &sgd_sparse<float, std::int32_t>,
           &sgd_sparse<float, std::int64_t>, &sgd_sparse<double, std::int32_t>, &sgd_sparse<double, std::int64_t>,
           &settle_column}};
}

}  // namespace
}  // namespace gradstream::kernels
