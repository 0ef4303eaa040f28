"""The same mini-batches in PyTorch, written as its users write them."""

from collections.abc import Callable
from typing import Any

from benchmarks.data import Rows


def torch_epoch(rows: Rows, batch_size: int) -> Callable[[], object] | None:
    """Return a call that makes one shuffled epoch of fused Adam on one thread, or None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    X, y = torch.from_numpy(rows.X), torch.from_numpy((rows.y > 0).astype(rows.X.dtype))
    model = torch.nn.Linear(X.shape[1], 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    loss: Any = torch.nn.BCEWithLogitsLoss()

    def epoch() -> None:
        order = torch.randperm(len(y))
        for start in range(0, len(y), batch_size):
            block = order[start : start + batch_size]
            optimizer.zero_grad()
            loss(model(X[block])[:, 0], y[block]).backward()
            optimizer.step()

    return epoch
