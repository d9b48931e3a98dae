"""The local AWS as a client sees it."""

import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto")

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from aisposture.errors import AispostureError
from aisposture.replay.aws import Deny, Throttle, Truncate, serve

Clients = Callable[..., Any]

AGENT = {
    "agentId": "AGENT00001",
    "agentName": "one",
    "agentStatus": "PREPARED",
    "updatedAt": "2025-01-01T00:00:00+00:00",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recordings").mkdir()
    responses = [
        {"op": "ListAgents", "result": {"agentSummaries": []}},
        {
            "op": "ListAgents",
            "region": "eu-west-1",
            "result": {
                "agentSummaries": [AGENT | {"agentId": f"AGENT0000{number}"} for number in range(1, 6)]
            },
        },
        {
            "op": "ListKnowledgeBases",
            "error": {"code": "AccessDeniedException", "message": "no", "status": 403},
        },
    ]
    (tmp_path / "recordings" / "bedrock-agent.json").write_text(
        json.dumps({"service": "bedrock-agent", "responses": responses})
    )
    return tmp_path


def code_of(problem: pytest.ExceptionInfo[ClientError]) -> str:
    return str(problem.value.response["Error"]["Code"])


def test_accounts_are_told_apart_by_their_credentials(client_of: Clients) -> None:
    with serve() as cloud:
        client_of(cloud, "iam", "210000000001").create_user(UserName="a")
        client_of(cloud, "iam", "210000000002").create_user(UserName="b")
        names = [user["UserName"] for user in client_of(cloud, "iam", "210000000002").list_users()["Users"]]
        identity = client_of(cloud, "sts", "210000000002").get_caller_identity()
    assert names == ["b"]
    assert identity["Account"] == "210000000002"
    assert identity["Arn"] == "arn:aws:sts::210000000002:assumed-role/aisposture-audit/local"


def test_an_assumed_role_leads_into_its_account(client_of: Clients) -> None:
    import boto3

    with serve() as cloud:
        client_of(cloud, "iam", "210000000002").create_user(UserName="b")
        arn = "arn:aws:iam::210000000002:role/audit"
        session = client_of(cloud, "sts", "210000000001").assume_role(RoleArn=arn, RoleSessionName="scan")
        given = session["Credentials"]
        iam = boto3.client(
            "iam",
            region_name="us-east-1",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        names = [user["UserName"] for user in iam.list_users()["Users"]]
    assert names == ["b"]


def test_nothing_is_left_for_the_next_cloud(client_of: Clients) -> None:
    for _ in range(2):
        with serve() as cloud:
            iam = client_of(cloud, "iam")
            assert iam.list_users()["Users"] == []
            iam.create_user(UserName="a")


def test_only_one_cloud_at_a_time() -> None:
    with serve(), pytest.raises(AispostureError, match="already running"), serve():
        pass


def test_ids_are_the_same_in_every_run(client_of: Clients) -> None:
    def ids() -> list[str]:
        with serve() as cloud:
            ec2 = client_of(cloud, "ec2")
            made = [ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(2)]
            client_of(cloud, "iam").create_user(UserName="a")
            key = client_of(cloud, "iam").create_access_key(UserName="a")["AccessKey"]["AccessKeyId"]
            return [*made, key]

    first = ids()
    assert len(set(first)) == 3
    assert ids() == first


def test_recordings_answer_by_region_and_are_counted(folder: Path, client_of: Clients) -> None:
    with serve(folder) as cloud:
        assert client_of(cloud, "bedrock-agent", region="us-east-1").list_agents()["agentSummaries"] == []
        assert len(cloud.unused()) == 2
        assert len(client_of(cloud, "bedrock-agent").list_agents()["agentSummaries"]) == 5
        (left,) = cloud.unused()
        assert left.endswith("bedrock-agent.json: responses[2] (bedrock-agent:ListKnowledgeBases)")
        with pytest.raises(ClientError) as problem:
            client_of(cloud, "bedrock-agent").list_knowledge_bases()
        assert code_of(problem) == "AccessDeniedException"
        assert cloud.unused() == ()


@pytest.mark.parametrize("size", [1, 2, 5])
def test_recorded_lists_come_in_pages(folder: Path, client_of: Clients, size: int) -> None:
    with serve(folder, page_size=size) as cloud:
        pages = list(client_of(cloud, "bedrock-agent").get_paginator("list_agents").paginate())
    found = [agent["agentId"] for page in pages for agent in page["agentSummaries"]]
    assert found == [f"AGENT0000{number}" for number in range(1, 6)]
    assert [len(page["agentSummaries"]) for page in pages[:-1]] == [size] * (len(pages) - 1)


def test_a_missing_recording_is_loud_and_names_the_file(folder: Path, client_of: Clients) -> None:
    def ask() -> None:
        with serve(folder) as cloud:
            with pytest.raises(ClientError) as problem:
                client_of(cloud, "bedrock-agent").list_flows()
            assert code_of(problem) == "MissingRecording"
            assert "recordings/bedrock-agent.json" in str(problem.value)

    with pytest.raises(AispostureError, match=r"bedrock-agent:ListFlows.*recordings/bedrock-agent\.json"):
        ask()


def test_what_moto_lacks_is_loud_too(client_of: Clients) -> None:
    with serve(strict=False) as cloud:
        with pytest.raises(ClientError) as problem:
            client_of(cloud, "accessanalyzer").list_analyzers()
        assert code_of(problem) == "MissingRecording"
        assert "accessanalyzer.json" in cloud.missed[0]


def test_not_found_needs_a_list_that_proves_it(folder: Path, client_of: Clients) -> None:
    with serve(folder, strict=False) as cloud:
        agents = client_of(cloud, "bedrock-agent")
        with pytest.raises(agents.exceptions.ResourceNotFoundException):
            agents.get_agent(agentId="ZZZZZZZZZZ")
        assert cloud.missed == []
        with pytest.raises(ClientError) as listed:
            agents.get_agent(agentId="AGENT00001")
        assert code_of(listed) == "MissingRecording"


@pytest.mark.parametrize(
    ("service", "operation", "method", "code"),
    [
        ("iam", "ListUsers", "list_users", "AccessDenied"),
        ("ec2", "DescribeVpcs", "describe_vpcs", "UnauthorizedOperation"),
        ("s3", "ListBuckets", "list_buckets", "AccessDenied"),
        ("lambda", "ListFunctions", "list_functions", "AccessDeniedException"),
        ("kms", "ListKeys", "list_keys", "AccessDeniedException"),
    ],
)
def test_a_refusal_speaks_the_protocol_of_its_service(
    client_of: Clients, service: str, operation: str, method: str, code: str
) -> None:
    with serve(deny=[Deny(operation=f"{service}:{operation}")]) as cloud:
        with pytest.raises(ClientError) as problem:
            getattr(client_of(cloud, service), method)()
        assert problem.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert [call.status for call in cloud.calls] == [403]
    assert code_of(problem) == code


def test_a_refusal_may_mean_one_resource_one_account_or_one_region(client_of: Clients) -> None:
    rules = [
        Deny(operation="s3:GetBucket*", resource="secret-*"),
        Deny(operation="sqs:*", region="eu-west-1"),
        Deny(operation="kms:*", account="210000000001", code="ExpiredTokenException", status=400),
    ]
    with serve(deny=rules) as cloud:
        s3 = client_of(cloud, "s3", region="us-east-1")
        for bucket in ("secret-one", "open-one"):
            s3.create_bucket(Bucket=bucket)
        assert s3.get_bucket_versioning(Bucket="open-one")["ResponseMetadata"]["HTTPStatusCode"] == 200
        with pytest.raises(ClientError) as problem:
            s3.get_bucket_versioning(Bucket="secret-one")
        assert code_of(problem) == "AccessDenied"
        client_of(cloud, "sqs", region="us-east-1").list_queues()
        with pytest.raises(ClientError):
            client_of(cloud, "sqs", region="eu-west-1").list_queues()
        client_of(cloud, "kms", "210000000002").list_keys()
        with pytest.raises(ClientError) as expired:
            client_of(cloud, "kms", "210000000001").list_keys()
        assert code_of(expired) == "ExpiredTokenException"


def test_throttling_ends_after_its_times(client_of: Clients) -> None:
    with serve(throttle=[Throttle(operation="iam:ListUsers", times=2, retry_after=7)]) as cloud:
        iam = client_of(cloud, "iam")
        with pytest.raises(ClientError) as problem:
            iam.list_users()
        metadata = problem.value.response["ResponseMetadata"]
        assert (metadata["HTTPStatusCode"], metadata["HTTPHeaders"]["retry-after"]) == (429, "7")
        assert client_of(cloud, "iam", attempts=3).list_users()["Users"] == []
        assert [call.status for call in cloud.calls] == [429, 429, 200]


@pytest.mark.parametrize("honest", [True, False])
def test_a_truncated_answer_lacks_its_list(client_of: Clients, honest: bool) -> None:
    # botocore checks no length and takes half a JSON body for an empty answer.
    seen: list[tuple[int, int]] = []
    with serve(truncate=[Truncate(operation="lambda:ListFunctions", honest=honest)]) as cloud:
        functions = client_of(cloud, "lambda")
        functions.meta.events.register(
            "after-call.*.*",
            lambda http_response, **_: seen.append(
                (int(http_response.headers["content-length"]), len(http_response.content))
            ),
        )
        assert "Functions" not in functions.list_functions()
        assert functions.list_functions()["Functions"] == []
    (promised, got), (whole, all_of_it) = seen
    assert (promised > got) is honest
    assert whole == all_of_it > got


def test_a_truncated_answer_in_xml_is_an_error(client_of: Clients) -> None:
    with serve(truncate=[Truncate(operation="iam:ListUsers")]) as cloud:
        with pytest.raises(ResponseParserError):
            client_of(cloud, "iam").list_users()
        assert client_of(cloud, "iam").list_users()["Users"] == []


def test_latency_is_added_to_each_answer_and_threads_wait_together(client_of: Clients) -> None:
    with serve(latency_ms=200) as cloud:
        sqs = client_of(cloud, "sqs")
        sqs.list_queues()
        began = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: sqs.list_queues(), range(16)))
        took = time.monotonic() - began
    assert 0.2 <= took < 16 * 0.2


def test_many_threads_get_whole_answers(client_of: Clients) -> None:
    with serve() as cloud:
        iam, s3 = client_of(cloud, "iam"), client_of(cloud, "s3", region="us-east-1")

        def one(number: int) -> int:
            iam.create_user(UserName=f"u{number}")
            s3.create_bucket(Bucket=f"bucket-{number}")
            return len(iam.list_users()["Users"])

        with ThreadPoolExecutor(32) as pool:
            assert max(pool.map(one, range(64))) == 64
        assert len(s3.list_buckets()["Buckets"]) == 64
        counted = Counter((call.operation, call.status) for call in cloud.calls)
    assert counted[("CreateUser", 200)] == 64
    assert {status for _, status in counted} == {200}
