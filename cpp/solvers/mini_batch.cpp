#include "solvers/mini_batch.hpp"

#include "solvers/dense_blocks.hpp"
#include "solvers/sparse_blocks.hpp"

namespace gradstream::solvers {
namespace {

/// Calls add(rows of one block) and step() after each full block.
template <class Add, class Step>
Status each_block(RowSet rows, const Spec& spec, const kernels::Counters& counters, Add&& add, Step&& step) {
  for (std::int64_t first = 0; first < rows.count;) {
    const std::int64_t room = spec.batch_size - static_cast<std::int64_t>(counters.block_rows);
    const std::int64_t count = std::min(room, rows.count - first);
    Status status = add(rows.part(first, count));
    if (status.ok() && count == room) status = step();
    if (!status.ok()) return {status.code, status.row >= 0 ? status.row : rows[first]};
    first += count;
  }
  return {};
}

}  // namespace

template <class View>
Status learn_blocks(const View& X, RowSet rows, const Spec& spec, LearnerState<typename View::value_type>& state,
                    const LearnInputs& inputs, double& loss) {
  if constexpr (is_csr<View>) {
    SparseBlocks<typename View::value_type> blocks(spec, state, inputs);
    return each_block(
        rows, spec, *state.counters, [&](RowSet part) { return blocks.add(X, part, loss); },
        [&] { return blocks.step(); });
  } else {
    DenseBlocks<View> blocks(X, spec, state, inputs);
    const Status status = each_block(
        rows, spec, blocks.counters(), [&](RowSet part) { return blocks.add(part, loss); },
        [&] { return blocks.step(); });
    if (!status.ok()) return status;
    return blocks.commit() ? Status{} : Status{Code::non_finite, rows.count > 0 ? rows[rows.count - 1] : -1};
  }
}

template <class T>
Status flush_block(const Spec& spec, LearnerState<T>& state, const LearnInputs& inputs) {
  if (state.block == nullptr || state.counters->block_rows == 0.0) return {};
  if (state.sparse) {
    SparseBlocks<T> blocks(spec, state, inputs);
    return blocks.step();
  }
  const DenseView<T> none{nullptr, 0, state.d, state.d};
  DenseBlocks<DenseView<T>> blocks(none, spec, state, inputs);
  const Status status = blocks.step();
  return status.ok() && !blocks.commit() ? Status{Code::non_finite, -1} : status;
}

#define GRADSTREAM_INSTANTIATE(...)                                                                              \
  template Status learn_blocks<__VA_ARGS__>(const __VA_ARGS__&, RowSet, const Spec&,                             \
                                            LearnerState<typename __VA_ARGS__::value_type>&, const LearnInputs&, \
                                            double&)
GRADSTREAM_FOR_EACH_VIEW(GRADSTREAM_INSTANTIATE);
#undef GRADSTREAM_INSTANTIATE
template Status flush_block<float>(const Spec&, LearnerState<float>&, const LearnInputs&);
template Status flush_block<double>(const Spec&, LearnerState<double>&, const LearnInputs&);

}  // namespace gradstream::solvers
