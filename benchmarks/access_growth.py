"""Time and memory of effective access at 1x, 2x, 4x and 8x: ``python benchmarks/access_growth.py [PRINCIPALS RESOURCES]``.

Each size runs in a process of its own, so that its peak memory is its own.
"""

import resource
import subprocess
import sys
import time

from benchmarks.access_estate import estate


def one(principals: int, resources: int) -> None:
    inventory = estate(principals, resources)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    from aisposture.access import evaluate

    started, busy = time.perf_counter(), time.process_time()
    result = evaluate(inventory)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{principals:>7} x {resources:>7}: {seconds:6.2f} s ({busy:.2f} s of processor), +{(peak - before) / 1024:.0f} MB, "
        f"{len(result.grants)} grants, {len(result.holds)} holds, {len(result.edges)} edges",
        flush=True,
    )


def main() -> None:
    if len(sys.argv) > 3:
        one(int(sys.argv[1]), int(sys.argv[2]))
        return
    principals, resources = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (1_250, 6_250)
    for times in (1, 2, 4, 8):
        sizes = [str(principals * times), str(resources * times)]
        subprocess.run([sys.executable, "-m", "benchmarks.access_growth", *sizes, "one"], check=True)


if __name__ == "__main__":
    main()
