"""A boto3 client of a local cloud, with nothing of the machine's own configuration in it."""

from collections.abc import Callable
from typing import Any

import pytest

from aisposture.replay.aws import Cloud

Clients = Callable[..., Any]


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Client of a service in an account: only ``AWS_ENDPOINT_URL`` and credentials are set, as in production."""
    import boto3
    from botocore.config import Config

    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)

    def make(
        cloud: Cloud,
        service: str,
        account: str = "210000000009",
        region: str = "eu-west-1",
        attempts: int = 1,
    ) -> Any:
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
        given = cloud.credentials(account)
        session = boto3.Session(
            aws_access_key_id=given.access_key,
            aws_secret_access_key=given.secret_key,
            aws_session_token=given.session_token,
            region_name=region,
        )
        return session.client(
            service,
            config=Config(
                retries={"total_max_attempts": attempts, "mode": "standard"}, max_pool_connections=40
            ),
        )

    return make
