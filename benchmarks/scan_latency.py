"""Wall time, CPU and calls of a scan of three accounts and seventeen regions, with 50 ms added to each answer.

    python -m benchmarks.scan_latency [MILLISECONDS]

The local cloud runs in a process of its own, so that the scanner's CPU is its own.
"""

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from aisposture.bundled import bundled
from aisposture.collect.run import collect_aws
from aisposture.replay.aws import serve
from aisposture.scope import AwsScope, Scope

REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1",
    "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ca-central-1", "sa-east-1",
)  # fmt: skip


def cloud(latency: float, line: Connection) -> None:
    with serve(bundled("fixtures/northwind") / "aws", latency_ms=latency, strict=False) as running:
        line.send((running.url, running.credentials(running.accounts[0]).environment()))
        line.recv()


def main(latency: float) -> None:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=cloud, args=(latency, theirs))
    server.start()
    url, environment = ours.recv()
    os.environ.update(environment, AWS_ENDPOINT_URL=url)
    scope = AwsScope(
        organization=True, role_name="aisposture-audit", external_id="nw-posture-2f6c", regions=REGIONS
    )
    with tempfile.TemporaryDirectory() as out:
        began, cpu = time.perf_counter(), time.process_time()
        summary = collect_aws(Scope(aws=scope), out=Path(out))
        wall, spent = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{latency:.0f} ms added: {wall:.1f} s wall, {spent:.1f} s CPU, {peak:.0f} MiB peak")
    print(
        f"{summary.requests} requests, {summary.requests / wall:.0f} a second; {summary.resources} resources; gaps {summary.gaps}"
    )
    ours.send(None)
    server.join()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 50)
