"""Processor time of who-can on the synthetic estate: ``python -m benchmarks.access_who_can [PRINCIPALS RESOURCES]``.

The inventory is in memory already; three questions: a bucket with a policy, one without, and a role.
"""

import sys
import time

from aisposture.access.query import Question
from benchmarks.access_estate import estate


def main() -> None:
    principals, resources = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (10_000, 50_000)
    inventory = estate(principals, resources)
    inventory.get("")  # the index over ids and aliases comes with loading
    buckets = list(inventory.of_kind("aws.s3.bucket"))
    governed = next(one for one in buckets if one.policies)
    plain = next(one for one in buckets if not one.policies)
    role = next(iter(inventory.of_kind("aws.iam.role")))
    for action, name in (
        ("s3:GetObject", governed.id),
        ("s3:GetObject", plain.id),
        ("sts:AssumeRole", role.id),
    ):
        started = time.process_time()
        question = Question(inventory, action, name)
        asked = question.everyone()
        found = sum(verdict.reaches for verdict in question.ask(asked))
        seconds = time.process_time() - started
        print(f"{action} on {name}: {found} of {len(asked)} asked, {seconds:.2f} s of processor")


if __name__ == "__main__":
    main()
