#include "solvers/row_sums.hpp"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "parallel/interruption.hpp"
#include "parallel/parallel_for.hpp"

namespace gradstream::solvers {
namespace {

RowShape shape_of(const RowAccess& rows, std::int64_t partial) {
  return {rows.rows(), rows.bytes(), rows.sparse(), partial};
}

/// Blocks of sparse rows can be large, because partial sums are as wide as the model: so many that Ctrl-C is not kept
/// waiting.
std::int64_t pieces_of_a_block(double ns) {
  constexpr double soon = 2e7;
  return 1 + static_cast<std::int64_t>(ns / soon);
}

/// Doubles from one block's sums to the next one's: threads that add to neighbours should not share a line of the cache
/// (nor a pair of them, which some processors fetch together).
std::int64_t apart(std::int64_t doubles) {
  constexpr std::int64_t lines = 16;
  return (doubles + lines - 1) / lines * lines;
}

/// Moments of a and b together, into a.
void merge(kernels::MomentSums& a, const kernels::MomentSums& b, std::int64_t features) {
  if (!(b.weight > 0.0)) return;
  const double share = b.weight / (a.weight + b.weight);
  const double cross = a.weight * share;
  for (std::int64_t j = 0; j < features; ++j) {
    const double apart = b.mean[j] - a.mean[j];
    a.mean[j] += apart * share;
    a.m2[j] += b.m2[j] + apart * apart * cross;
  }
  a.weight += b.weight;
}

}  // namespace

// Orders of magnitude: values of a dense row stream past, those of a sparse one are looked up; a loss is an exp or so.
double pass_ns(const RowAccess& rows, std::int64_t columns) {
  const double per_value = rows.sparse() ? 2.0 : 0.3;
  const auto k = static_cast<double>(columns);
  return per_value * k * static_cast<double>(rows.stored()) + 4.0 * k * static_cast<double>(rows.rows());
}

ScratchPool::ScratchPool(int slots, std::int64_t doubles)
    : slots_(static_cast<std::size_t>(slots)),
      doubles_(static_cast<std::size_t>(doubles)),
      taken_(new std::atomic_flag[static_cast<std::size_t>(slots)]()),
      memory_(slots_ * doubles_) {}

std::size_t ScratchPool::acquire() {
  for (std::size_t slot = 0;; slot = (slot + 1) % slots_) {
    if (!taken_[slot].test_and_set(std::memory_order_acquire)) return slot;
  }
}

GradientPass::GradientPass(const RowAccess& rows, const LossSpec& loss, const kernels::Targets& targets, int n_threads)
    : rows_(rows),
      loss_(loss),
      targets_(targets),
      blocks_(shape_of(rows, (rows.columns() + 1) * loss.columns)),
      n_threads_(useful_threads(n_threads, pass_ns(rows, loss.columns))),
      pieces_(pieces_of_a_block(pass_ns(rows, loss.columns) / static_cast<double>(blocks_.count()))),
      coefficients_(rows.columns() * loss.columns),
      stride_(apart(coefficients_ + loss.columns)),
      partials_(static_cast<std::size_t>((blocks_.count() - 1) * stride_)),
      scalars_(static_cast<std::size_t>(blocks_.count())),
      scratch_(n_threads_, rows.workspace(loss.columns)) {}

kernels::GradientSums GradientPass::cleared(double* coef, double* intercept) const {
  std::fill_n(coef, coefficients_, 0.0);
  std::fill_n(intercept, loss_.columns, 0.0);
  return {coef, intercept};
}

double* GradientPass::partial(std::int64_t block) { return partials_.data() + (block - 1) * stride_; }

void GradientPass::run_block(const Body& body, std::int64_t block) {
  double* coef = block == 0 ? first_->coef : partial(block);
  auto sums = cleared(coef, block == 0 ? first_->intercept : coef + coefficients_);
  sums.margins = first_->margins;
  kernels::BlankSums blank{};
  if (!blanks_.empty()) {
    blank = blanks_[static_cast<std::size_t>(block)];
    sums.blank = &blank;
  }
  const ScratchPool::Loan workspace(scratch_);
  const RowSet rows = blocks_[block];
  for (std::int64_t piece = 0; piece < pieces_; ++piece) {
    if (piece > 0) parallel::look_for_interruption();
    const std::int64_t begin = rows.count * piece / pieces_, end = rows.count * (piece + 1) / pieces_;
    body(rows.part(begin, end - begin), sums, workspace.data());
  }
  scalars_[static_cast<std::size_t>(block)] = {sums.loss, sums.weight};
  if (!blanks_.empty()) blanks_[static_cast<std::size_t>(block)] = blank;
}

void GradientPass::each_block(const std::function<void(RowSet, double*)>& body) {
  parallel::for_blocks(blocks_.count(), n_threads_, [&](std::int64_t block) {
    const ScratchPool::Loan workspace(scratch_);
    body(blocks_[block], workspace.data());
  });
}

void GradientPass::run(const kernels::LinearModel& model, kernels::GradientSums& sums) {
  run([&](RowSet rows, kernels::GradientSums& part,
          double* workspace) { rows_.loss_gradient(rows, model, targets_, loss_, part, workspace); },
      sums);
}

void GradientPass::run(const Body& body, kernels::GradientSums& sums) {
  first_ = &sums;
  part_blank(sums.blank);
  if (blocks_.count() == 1) {
    run_block(body, 0);
  } else {
    parallel::for_blocks(blocks_.count(), n_threads_, [&](std::int64_t block) { run_block(body, block); });
  }
  sums.loss = scalars_[0].loss;
  sums.weight = scalars_[0].weight;
  for (std::int64_t block = 1; block < blocks_.count(); ++block) {
    const double* part = partial(block);
    for (std::int64_t j = 0; j < coefficients_; ++j) sums.coef[j] += part[j];
    for (std::int64_t k = 0; k < loss_.columns; ++k) sums.intercept[k] += part[coefficients_ + k];
    sums.loss += scalars_[static_cast<std::size_t>(block)].loss;
    sums.weight += scalars_[static_cast<std::size_t>(block)].weight;
  }
  if (sums.blank != nullptr) add_blanks(*sums.blank);
}

void GradientPass::part_blank(const kernels::BlankSums* total) {
  blanks_.clear();
  if (total == nullptr) return;
  const std::int64_t stride = apart(rows_.columns());
  blank_coefs_.assign(static_cast<std::size_t>(blocks_.count() * stride), 0.0);
  for (std::int64_t block = 0; block < blocks_.count(); ++block) {
    blanks_.push_back({total->intercept, blank_coefs_.data() + block * stride});
  }
}

void GradientPass::add_blanks(kernels::BlankSums& total) const {
  std::fill_n(total.coef, rows_.columns(), 0.0);
  total.slope = total.loss = 0.0;
  for (const auto& part : blanks_) {
    for (std::int64_t j = 0; j < rows_.columns(); ++j) total.coef[j] += part.coef[j];
    total.slope += part.slope;
    total.loss += part.loss;
  }
}

void loss_gradient(const AnyView& view, const kernels::Targets& targets, const LossSpec& loss,
                   const kernels::LinearModel& model, int n_threads, kernels::GradientSums& sums) {
  const auto rows = access_rows(view);
  GradientPass(*rows, loss, targets, n_threads).run(model, sums);
}

void squared_gradients(const AnyView& view, const kernels::Targets& targets, const LossSpec& loss,
                       const kernels::LinearModel& model, int n_threads, kernels::GradientSums& sums) {
  const auto of_view = [&](const auto& typed) {
    const auto& kernel = kernels::table().of(typed);
    if constexpr (is_csr<std::decay_t<decltype(typed)>>) {
      const RowSet all{0, typed.rows};
      const auto size =
          std::max(kernel.workspace(typed, loss.columns), kernel.stream_workspace(typed, all, loss.columns));
      std::vector<double> workspace(static_cast<std::size_t>(size));
      kernel.squared_gradients(typed, all, model, targets, loss, sums, workspace.data());
    } else {
      const auto rows = access_rows(view);
      const auto body = [&](RowSet set, kernels::GradientSums& part, double* workspace) {
        kernel.squared_gradients(typed, set, model, targets, loss, part, workspace);
      };
      GradientPass(*rows, loss, targets, n_threads).run(body, sums);
    }
  };
  std::visit(of_view, view);
}

void moments(const AnyView& view, const double* weight, int n_threads, kernels::MomentSums& sums) {
  const auto rows = access_rows(view);
  const std::int64_t features = rows->columns();
  const RowBlocks blocks(shape_of(*rows, 2 * features));
  const int threads = useful_threads(n_threads, pass_ns(*rows, 1));
  ScratchPool scratch(threads, rows->workspace(1));
  const std::int64_t stride = apart(2 * features);
  AlignedVector<double> partials(static_cast<std::size_t>((blocks.count() - 1) * stride));
  std::vector<kernels::MomentSums> parts(static_cast<std::size_t>(blocks.count()), sums);
  for (std::int64_t block = 1; block < blocks.count(); ++block) {
    double* mean = partials.data() + (block - 1) * stride;
    parts[static_cast<std::size_t>(block)] = {mean, mean + features};
  }
  parallel::for_blocks(blocks.count(), threads, [&](std::int64_t block) {
    const ScratchPool::Loan workspace(scratch);
    rows->moments(blocks[block], weight, parts[static_cast<std::size_t>(block)], workspace.data());
  });
  sums.weight = parts[0].weight;
  for (std::size_t block = 1; block < parts.size(); ++block) merge(sums, parts[block], features);
}

}  // namespace gradstream::solvers
