from typing import Any

import pytest

from aisposture.collect.clients import USER_AGENT
from aisposture.collect.declare import call
from aisposture.collect.wire import joined
from tests.collect.scripted import Asked, Said, Script, fetch

KEYS = call("kms", "ListKeys")
USERS = call("iam", "GetAccountAuthorizationDetails")
BUCKET_POLICY = call("s3", "GetBucketPolicy", absent=("NoSuchBucketPolicy",))


def error(code: str, status: int = 400, message: str = "no") -> Said:
    return Said({"__type": code, "message": message}, status)


def xml(code: str, status: int) -> Said:
    return Said(f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode(), status)


PAGES = {
    None: {"Keys": [{"KeyId": "a"}], "Truncated": True, "NextMarker": "1"},
    "1": {"Keys": [{"KeyId": "b"}], "Truncated": True, "NextMarker": "2"},
    "2": {"Keys": [{"KeyId": "c"}], "Truncated": False},
}


def _page(asked: Asked) -> Said:
    import json

    return Said(PAGES[json.loads(asked.body).get("Marker")])


def test_pages_are_joined_into_one_answer() -> None:
    fetched = fetch(Script({"ListKeys": _page}), KEYS)
    assert [key["KeyId"] for key in fetched.value["Keys"]] == ["a", "b", "c"]
    assert fetched.failure is None
    assert fetched.record.operation == "kms:ListKeys"


def test_a_throttled_call_is_tried_again() -> None:
    script = Script({"ListKeys": [error("ThrottlingException"), Said(b"busy", 503), Said(PAGES["2"])]})
    fetched = fetch(script, KEYS)
    assert fetched.failure is None
    assert len(script.asked) == 3


def test_throttling_without_end_is_a_failure_of_that_name() -> None:
    script = Script({"ListKeys": [error("ThrottlingException", 429)]})
    fetched = fetch(script, KEYS, attempts=2)
    assert fetched.failure is not None
    assert (fetched.failure.reason, fetched.failure.code) == ("throttled", "ThrottlingException")
    assert fetched.value is None
    assert len(script.asked) == 2


@pytest.mark.parametrize(
    ("said", "reason", "needs"),
    [
        (error("AccessDeniedException"), "denied", "kms:ListKeys"),
        (error("SomethingForbidden", 403), "denied", "kms:ListKeys"),
        (
            error("AccessDeniedException", 400, "x with an explicit deny in a service control policy"),
            "denied",
            "kms:ListKeys (service control policy refuses it)",
        ),
        (
            error("UnrecognizedClientException"),
            "denied",
            "kms:ListKeys, in a region that the account has enabled",
        ),
        (error("ExpiredTokenException"), "failed", "credentials that have not expired"),
        (error("UnknownOperationException"), "unsupported", "an endpoint that answers kms:ListKeys"),
        (error("SubscriptionRequiredException"), "disabled", "the service kms switched on"),
        (error("KMSInternalException", 500), "failed", "kms:ListKeys, and an answer without an error"),
        (Said(b"<html>", 200), "failed", "an answer that can be parsed"),
        (Said(b"", 200), "failed", "an answer that can be parsed"),
        (Said(b'{"Keys": [{"KeyId": "a"}', 200), "failed", "an answer that can be parsed"),
        (Said(b'{"Keys": 5}', 200), "failed", "an answer that can be parsed"),
        (Said(b"[" * 100_000, 200), "failed", "an answer that can be parsed"),
    ],
)
def test_every_failure_becomes_a_value(said: Said, reason: str, needs: str) -> None:
    fetched = fetch(Script({"ListKeys": [said]}), KEYS, attempts=1)
    assert fetched.failure is not None
    assert (fetched.failure.reason, fetched.failure.needs) == (reason, needs)


def test_a_body_of_another_shape_does_not_end_the_scan() -> None:
    for body in (
        b"",
        b"<a",
        b"\xff\xfe",
        b"<html><body/></html>",
        b"<GetAccountAuthorizationDetailsResponse/>",
    ):
        script = Script({"GetAccountAuthorizationDetails": [Said(body)]})
        fetched = fetch(script, USERS, attempts=1)
        assert fetched.failure is not None
        assert fetched.value is None


def test_a_declared_absence_was_read() -> None:
    fetched = fetch(Script({"GET /b": [xml("NoSuchBucketPolicy", 404)]}), BUCKET_POLICY, {"Bucket": "b"})
    assert fetched.failure is None
    assert fetched.value is None


def test_an_undeclared_absence_is_a_failure() -> None:
    fetched = fetch(
        Script({"GET /b": [xml("NoSuchBucket", 404)]}), BUCKET_POLICY, {"Bucket": "b"}, attempts=1
    )
    assert fetched.failure is not None
    assert fetched.failure.code == "NoSuchBucket"


@pytest.mark.parametrize("tokens", [["same", "same", "same"], ["a", "b", "a"]])
def test_pages_that_come_round_again_end_with_what_was_read(tokens: list[str]) -> None:
    pages = [Said({"Keys": [{"KeyId": token}], "Truncated": True, "NextMarker": token}) for token in tokens]
    script = Script({"ListKeys": [*pages, *pages, error("Endless", 400)]})
    fetched = fetch(script, KEYS, attempts=1)
    assert fetched.failure is not None
    assert fetched.failure.needs == "pages that come to an end"
    assert [key["KeyId"] for key in fetched.value["Keys"]][:1] == tokens[:1]
    assert len(script.asked) <= 3


def test_pages_before_a_refusal_are_kept_with_the_failure() -> None:
    script = Script({"ListKeys": [Said(PAGES[None]), error("AccessDeniedException")]})
    fetched = fetch(script, KEYS, attempts=1)
    assert fetched.value["Keys"] == [{"KeyId": "a"}]
    assert fetched.failure is not None


def test_an_answer_that_does_not_come_is_given_up() -> None:
    script = Script({"ListKeys": [Said(PAGES["2"], wait=0.5)]})
    fetched = fetch(script, KEYS, attempts=1, read_timeout=0.1)
    assert fetched.failure is not None
    assert fetched.failure.code == "ReadTimeoutError"


def test_the_pieces_of_a_report_are_asked_for_until_it_is_there() -> None:
    def body(name: str, inner: str) -> bytes:
        return f"<{name}Response><{name}Result>{inner}</{name}Result></{name}Response>".encode()

    not_yet = Said(b"<ErrorResponse><Error><Code>ReportNotPresent</Code></Error></ErrorResponse>", 410)
    script = Script(
        {
            "GetCredentialReport": [not_yet, Said(body("GetCredentialReport", "<Content>YQ==</Content>"))],
            "GenerateCredentialReport": [Said(body("GenerateCredentialReport", "<State>STARTED</State>"))],
        }
    )
    report = call(
        "iam", "GetCredentialReport", pending=("ReportNotPresent",), prepare="GenerateCredentialReport"
    )
    fetched = fetch(script, report)
    assert fetched.value["Content"] == b"a"
    assert [each.operation for each in script.asked] == [
        "GetCredentialReport",
        "GenerateCredentialReport",
        "GetCredentialReport",
    ]


def test_every_request_carries_the_one_user_agent_and_the_callers_key() -> None:
    script = Script({"ListKeys": [Said(PAGES["2"])]})
    fetch(script, KEYS)
    (asked,) = script.asked
    assert asked.headers["HTTP_USER_AGENT"] == USER_AGENT
    assert "AKIDEXAMPLE/" in asked.headers["HTTP_AUTHORIZATION"]


def test_an_override_drops_the_account_host_of_s3control() -> None:
    asked_for = call("s3control", "GetPublicAccessBlock", permission="s3:GetAccountPublicAccessBlock")
    flags = b"<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>"
    script = Script({"GET /v20180820/configuration/publicAccessBlock": [Said(flags)]})
    fetched = fetch(script, asked_for, {"AccountId": "111111111111"}, attempts=1)
    assert fetched.failure is None
    assert fetched.value["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
    assert script.asked[0].headers["HTTP_HOST"].startswith("127.0.0.1:")


def test_an_operation_that_the_sdk_lacks_is_unsupported() -> None:
    from aisposture.collect.clients import Clients, Settings
    from aisposture.collect.wire import Wire
    from aisposture.scope import AwsScope
    from tests.collect.scripted import CALLER

    clients = Clients(AwsScope(home_region="eu-west-1"), Settings())
    for service, operation in (("kms", "ListDreams"), ("dreams", "List")):
        fetched = Wire(clients).fetch(CALLER, "eu-west-1", call(service, operation), {})
        assert fetched.failure is not None
        assert fetched.failure.reason == "unsupported"
    clients.close()


def test_nested_lists_are_joined_too() -> None:
    pages: list[dict[str, Any]] = [
        {"D": {"Items": [1], "More": True}, "N": None, "K": 1},
        {"D": {"Items": [2], "More": False}, "New": [3]},
    ]
    assert joined(pages) == {"D": {"Items": [1, 2], "More": True}, "N": None, "K": 1, "New": [3]}
