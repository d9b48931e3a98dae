import re
from typing import Any

import botocore.session
import pytest

from aisposture.collect import registry
from aisposture.collect.clients import Clients, Settings, calling
from aisposture.collect.guard import ALLOWED, check_aws, permitted
from aisposture.errors import WriteAttempt
from aisposture.replay.loopback import Loopback
from aisposture.scope import AwsScope
from tests.collect.scripted import CALLER, Said, Script

WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "delete_bucket", {"Bucket": "b"}),
    ("s3", "put_bucket_policy", {"Bucket": "b", "Policy": "{}"}),
    ("iam", "create_access_key", {"UserName": "u"}),
    ("sts", "get_session_token", {}),
    ("kms", "decrypt", {"CiphertextBlob": b"x"}),
    ("kms", "schedule_key_deletion", {"KeyId": "k"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "s"}),
    ("lambda", "invoke", {"FunctionName": "f"}),
    ("ec2", "terminate_instances", {"InstanceIds": ["i-1"]}),
    ("s3", "get_object", {"Bucket": "b", "Key": "k"}),
]


@pytest.mark.parametrize(("service", "method", "params"), WRITES)
def test_what_is_no_declared_read_never_reaches_the_wire(
    service: str, method: str, params: dict[str, Any]
) -> None:
    script = Script({})
    with Loopback(script) as server:
        clients = Clients(AwsScope(home_region="eu-west-1", endpoints={"*": server.url}), Settings())
        try:
            with calling(CALLER), pytest.raises(WriteAttempt, match="nothing was sent"):
                getattr(clients.client(service, "eu-west-1"), method)(**params)
        finally:
            clients.close()
    assert script.asked == []
    assert clients.requests == 0


def test_a_declared_read_does_reach_it() -> None:
    script = Script({"ListKeys": [Said({"Keys": []})]})
    with Loopback(script) as server:
        clients = Clients(AwsScope(home_region="eu-west-1", endpoints={"*": server.url}), Settings())
        try:
            with calling(CALLER):
                assert clients.client("kms", "eu-west-1").list_keys()["Keys"] == []
        finally:
            clients.close()
    assert len(script.asked) == clients.requests == 1


def test_a_request_that_names_another_operation_than_its_own_is_stopped() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    check_aws("sts", "GetCallerIdentity", form, b"Action=GetCallerIdentity&Version=1")
    with pytest.raises(WriteAttempt, match="DeleteUser"):
        check_aws("sts", "GetCallerIdentity", form, b"Action=DeleteUser")
    with pytest.raises(WriteAttempt, match="DeleteKey"):
        check_aws("kms", "ListKeys", {"X-Amz-Target": b"TrentService.DeleteKey"}, b"{}")  # type: ignore[dict-item]


def test_the_sdks_own_login_calls_pass_the_guard_too(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile hub]\nrole_arn=arn:aws:iam::111111111111:role/R\nsource_profile=base\nregion=eu-west-1\n"
        "[profile base]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=x\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    keys = (
        "<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        "<Expiration>2099-01-01T00:00:00Z</Expiration>"
    )
    body = f"<AssumeRoleResponse><AssumeRoleResult><Credentials>{keys}</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    script = Script({"AssumeRole": [Said(body.encode())]})
    with Loopback(script) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        clients = Clients(AwsScope(profile="hub"), Settings())
        assert clients.base()().access_key == "ASIA1"
        clients.close()
    assert [each.operation for each in script.asked] == ["AssumeRole"]


def test_each_exception_has_its_reason() -> None:
    assert all(len(reason) > 20 for reason in ALLOWED.values())


def test_no_declaration_is_a_write() -> None:
    """Every declared operation is named like a read; names that only sound so are no reads of control planes."""
    session = botocore.session.get_session()
    for kind in registry():
        for made in kind.calls:
            assert re.match(r"(List|Describe|Get|BatchGet|Search)[A-Z]", made.operation), made.name
            assert made.operation in session.get_service_model(made.service).operation_names
    assert not {"secretsmanager:GetSecretValue", "s3:GetObject", "ssm:GetParameter"} & permitted("aws")
