"""A report as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradstream.evaluation.baselines import HEADINGS
from gradstream.evaluation.metrics import METRICS

if TYPE_CHECKING:
    from gradstream.evaluation.report import ProgressiveReport


def summary_of(report: ProgressiveReport) -> str:
    """Return the table: a line for each metric with its score, the rolling value at the end, and the baselines."""
    header = ["metric", "score"]
    if report.rolling:
        header.append(f"last {min(report.window or 0, report.n_rows):,} rows")
    table = [header + [HEADINGS[name] for name in report.baselines]]
    for name in report.metrics:
        arrow = "+" if METRICS[name].greater_is_better else "-"
        line = [f"{METRICS[name].label} ({arrow})", _number(report.scores[name])]
        if report.rolling:
            line.append(_number(report.rolling[name][-1]))
        table.append(line + [_number(curves.scores[name]) for curves in report.baselines.values()])
    return "\n".join([_title(report), "", *_aligned(table), "", "(+) greater is better, (-) smaller", _speed(report)])


def _title(report: ProgressiveReport) -> str:
    late = f", labels {report.delay} rows late" if report.delay else ""
    return f"{report.name}: {report.n_rows:,} rows, each predicted before it was learnt{late}"


def _speed(report: ProgressiveReport) -> str:
    return (
        f"{report.rows_per_second:,.0f} rows/s; {report.seconds_learning:.3g} s predicting and learning, "
        f"{report.seconds_scoring:.3g} s scoring"
    )


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.4f}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.4g}"


def _aligned(table: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in table
    ]
