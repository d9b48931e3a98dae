"""Sets of decisions against single requests: ``python benchmarks/access_equivalence.py [REQUESTS] [SEED]``."""

import sys
import time
from random import Random

from tests.access.test_decide import compare

PER_WORLD = 200


def main() -> int:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    started = time.perf_counter()
    allowed = wrong = 0
    for number in range(requests // PER_WORLD):
        found, granted = compare(Random(seed + number), PER_WORLD)
        allowed += granted
        wrong += len(found)
        for one in found[:1]:
            print(f"world {seed + number}: {one}")
    seconds = time.perf_counter() - started
    print(f"{requests} requests, {allowed} not refused, {wrong} disagreements, {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
