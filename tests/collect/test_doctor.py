import pytest

from aisposture.collect.doctor import doctor_aws
from aisposture.replay.aws import Deny, serve
from aisposture.scope import AwsScope, Scope
from tests.collect.northern import HUB, REGION


def test_it_says_what_cannot_be_seen_and_why() -> None:
    locked = "arn:aws:iam::210000000007:role/locked"
    deny = [Deny(operation="kms:*"), Deny(operation="sts:AssumeRole", resource=locked)]
    roles = (f"arn:aws:iam::{HUB}:role/reader", locked)
    with serve(deny=deny, strict=False) as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.credentials(HUB).environment().items():
            patch.setenv(name, value)
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        before = len(cloud.calls)
        checks = doctor_aws(Scope(aws=AwsScope(home_region=REGION, roles=roles, endpoints={"*": cloud.url})))
        made = len(cloud.calls) - before
    by_service = {(check.account, check.service): check for check in checks}
    kms = by_service[HUB, "kms"]
    assert (kms.ok, kms.reason, kms.needs, kms.hides) == (False, "denied", "kms:ListKeys", ("aws.kms.key",))
    assert by_service[HUB, "s3"].ok
    assert by_service[HUB, "iam"].ok
    lost = by_service["210000000007", "sts"]
    assert locked in lost.needs
    assert "aws.s3.bucket" in lost.hides
    assert made < 30
