"""``make soak``: kills, freezes and restarts while targets flap; fails when anything went wrong."""

from __future__ import annotations

import argparse
import sys

from tests.soak.run import soak


def main() -> int:
    """Soak, and print what happened."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--targets", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    soaked = soak(asked.minutes * 60, asked.targets, seed=asked.seed)
    print(soaked.report)
    print(f"\n{len(soaked.violations)} violations")
    for one in soaked.violations[:50]:
        print(f"  {one}")
    return bool(soaked.violations)


if __name__ == "__main__":
    sys.exit(main())
