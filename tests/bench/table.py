"""Figures as a table, each beside its ratio to the first contender."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One contender's figures; None where a figure does not apply."""

    name: str
    rate: float
    cpu_us: float
    memory: int
    p50_ms: float | None = None
    p99_ms: float | None = None


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown; ratios of events/s to the first row."""
    head = ["contender", "events/s", "ratio", "CPU us/event", "p50 ms", "p99 ms", "peak MiB"]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for row in rows:
        lines.append(
            [
                row.name,
                f"{row.rate:,.0f}",
                f"{row.rate / rows[0].rate:.1f}",
                f"{row.cpu_us:.0f}",
                _ms(row.p50_ms),
                _ms(row.p99_ms),
                str(row.memory),
            ]
        )
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
