import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisposture.model import ids

PART = st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=12)


@given(PART.filter(bool), PART, PART, PART.filter(bool))
def test_arns_survive_the_round_trip(service: str, region: str, account: str, resource: str) -> None:
    text = ids.arn(service, f"type/{resource}:1", account=account, region=region)
    parsed = ids.parse_arn(text)
    assert parsed is not None
    assert parsed == ("aws", service, region, account, f"type/{resource}:1")
    assert str(parsed) == text


@pytest.mark.parametrize("text", ["", "arn:aws:s3", "bucket", "arn:other:s3:::x", "arn:aws:s3:::"])
def test_what_is_no_arn_has_no_parts(text: str) -> None:
    assert ids.parse_arn(text) is None


def test_sinks_belong_to_an_account() -> None:
    assert ids.parse_sink(ids.admin_sink("111122223333")) == ("admin", "111122223333")
    assert ids.parse_sink("arn:aws:iam::1:user/a@b") is None


@pytest.mark.parametrize(
    ("node", "account"),
    [
        ("arn:aws:iam::111122223333:role/x", "111122223333"),
        ("arn:aws:s3:::bucket", None),
        (ids.account_node("111122223333"), "111122223333"),
        (ids.region_node("111122223333", "eu-west-1"), "111122223333"),
        (ids.sink("can_spend", "tenant:abc"), "tenant:abc"),
        (ids.INTERNET, None),
    ],
)
def test_account_named_by_an_id(node: str, account: str | None) -> None:
    assert ids.account_of(node) == account


def test_federated_subjects_drop_the_scheme() -> None:
    subject = "repo:northwind/app:ref:refs/heads/main"
    assert ids.oidc("https://token.actions.githubusercontent.com/", subject) == ids.oidc(
        "token.actions.githubusercontent.com", subject
    )


def test_kubernetes_ids_keep_clusters_apart() -> None:
    assert ids.kubernetes("arn:a", "default", "sa", "agent") != ids.kubernetes(
        "arn:b", "default", "sa", "agent"
    )
