#include "solvers/row_access.hpp"

namespace gradstream::solvers {
namespace {

template <class View>
class TypedAccess final : public RowAccess {
 public:
  explicit TypedAccess(const View& view) : view_(view), kernels_(kernels::table().of(view)) {}

  std::int64_t rows() const override { return view_.rows; }
  std::int64_t columns() const override { return view_.columns; }
  std::int64_t stored() const override {
    if constexpr (is_csr<View>) {
      return view_.stored();
    } else {
      return view_.rows * view_.columns;
    }
  }
  std::int64_t bytes() const override {
    std::int64_t each = sizeof(typename View::value_type);
    if constexpr (is_csr<View>) each += sizeof(typename View::index_type);
    return stored() * each;
  }
  bool sparse() const override { return is_csr<View>; }

  std::int64_t workspace(std::int64_t columns) const override { return kernels_.workspace(view_, columns); }
  void loss_gradient(RowSet rows, const kernels::LinearModel& model, const kernels::Targets& targets,
                     const LossSpec& loss, kernels::GradientSums& sums, double* workspace) const override {
    kernels_.loss_gradient(view_, rows, model, targets, loss, sums, workspace);
  }
  void curvature_product(RowSet rows, const kernels::LinearModel& direction, std::int64_t columns,
                         const kernels::RowCurvatures& curvatures, kernels::GradientSums& sums,
                         double* workspace) const override {
    kernels_.curvature_product(view_, rows, direction, columns, curvatures, sums, workspace);
  }
  void curvature_diagonal(RowSet rows, const double* center, std::int64_t columns,
                          const kernels::RowCurvatures& curvatures, kernels::GradientSums& sums,
                          double* workspace) const override {
    kernels_.curvature_diagonal(view_, rows, center, columns, curvatures, sums, workspace);
  }
  void margins(RowSet rows, const kernels::LinearModel& model, std::int64_t columns, double* out,
               double* workspace) const override {
    kernels_.margins(view_, rows, model, columns, out, workspace);
  }
  void moments(RowSet rows, const double* weight, kernels::MomentSums& sums, double* workspace) const override {
    kernels_.moments(view_, rows, weight, sums, workspace);
  }
  void gram(RowSet rows, const kernels::GramJob& job, double* workspace) const override {
    kernels_.gram(view_, rows, job, workspace);
  }
  double row_dot(std::int64_t row, const double* center, const double* v) const override {
    return kernels_.row_dot(view_, row, center, v);
  }
  void row_axpy(std::int64_t row, const double* center, double a, double* v) const override {
    kernels_.row_axpy(view_, row, center, a, v);
  }
  double row_norm(std::int64_t row, const double* center, const double* scale) const override {
    return kernels_.row_norm(view_, row, center, scale);
  }
  void refresh(std::int64_t row, const RidgeMap& map, const double* u, double* coef) const override {
    if constexpr (is_csr<View>) {
      for (auto at = view_.indptr[row]; at < view_.indptr[row + 1]; ++at) {
        const auto j = static_cast<std::int64_t>(view_.indices[at]);
        coef[j] = map(j, u[j]);
      }
    } else {
      for (std::int64_t j = 0; j < view_.columns; ++j) coef[j] = map(j, u[j]);
    }
  }
  std::unique_ptr<RowAccess> every(std::int64_t step, std::int64_t first) const override {
    if constexpr (is_csr<View> || is_strided<View>) {
      return nullptr;
    } else {
      const std::int64_t count = (view_.rows - first + step - 1) / step;
      return std::make_unique<TypedAccess>(View{view_.row(first), count, view_.columns, view_.row_stride * step});
    }
  }

 private:
  View view_;
  const kernels::ViewKernels<View>& kernels_;
};

}  // namespace

std::unique_ptr<RowAccess> access_rows(const AnyView& view) {
  return std::visit(
      [](const auto& typed) -> std::unique_ptr<RowAccess> {
        return std::make_unique<TypedAccess<std::decay_t<decltype(typed)>>>(typed);
      },
      view);
}

}  // namespace gradstream::solvers
