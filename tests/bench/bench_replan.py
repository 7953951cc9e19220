"""What waves that learn gain over the fixed plan, on simulated truths (60 users, 6 channels, 2 waves, 20 networks).

    python tests/bench/bench_replan.py                200 truths of each kind (about 3 minutes)
    python tests/bench/bench_replan.py --truths 40

"as believed": the truths are drawn from the chances the planner has. "unknown": each channel's chance is x0.5 to x1.5 of what he
believes, all ties x1/2 to x2. Printed are the mean gain in people and the lower end of its one-sided 95 % interval, beside the share
of truths where the new plan was worse, as it must be now and then by luck.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    """Print one line per kind of truth."""
    from truth_fixtures import gains, told

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truths", type=int, default=200)
    count = parser.parse_args().truths
    for name, unknown, update in (
        ("as believed, chances kept", False, False),
        ("as believed, chances updated", False, True),
        ("unknown, chances kept", True, False),
        ("unknown, chances updated", True, True),
    ):
        start = time.perf_counter()
        found = gains(count, 20, unknown=unknown, update=update)
        mean, low = told(found)
        print(
            f"{name:30s} {len(found)} truths: gain {mean:+.2f} people, one-sided 95 % lower end {low:+.2f}, worse in {(found < 0).mean():.0%}, {time.perf_counter() - start:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
