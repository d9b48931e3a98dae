"""Small shapes of answers."""

import pytest

from aisposture.collect.aws import shapes


def test_a_name_is_the_tag_or_the_id() -> None:
    assert shapes.named([{"Key": "Name", "Value": "front"}], "i-1") == "front"
    assert shapes.named([{"Key": "Name", "Value": ""}], "i-1") == "i-1"
    assert shapes.named([{"Key": "name", "Value": "x"}], "i-1") == "i-1"
    assert shapes.named(None, "i-1") == "i-1"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:00.000+0000", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T14:00:00+02:00", "2026-01-31T12:00:00Z"),
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_times_in_text_become_utc(text: str | None, moment: str | None) -> None:
    assert shapes.moment(text) == moment


def test_several_flattens_and_keeps_the_order() -> None:
    assert shapes.several("b", None, ["a", "", "b"], "c") == ["b", "a", "c"]
    assert shapes.several() == []


def test_sharing_names_accounts_organisations_units_and_everyone() -> None:
    unit = "arn:aws:organizations::111111111111:ou/o-abc/ou-1"
    permissions = [
        {"UserId": "222222222222"},
        {"Group": "all"},
        {"OrganizationArn": "arn:aws:organizations::111111111111:organization/o-abc"},
        {"OrganizationalUnitArn": unit},
        {},
    ]
    assert shapes.shared_with(permissions) == ["account:222222222222", "class:any-account", "org:o-abc", unit]
    assert shapes.everyone(permissions)
    assert not shapes.everyone(permissions[:1])
    assert shapes.shared_with(None) == []


def test_whose_key_it_is() -> None:
    own, aws = [{"AliasName": "alias/data"}], [{"AliasName": "alias/aws/ebs"}]
    key = "arn:aws:kms:eu-west-1:111111111111:key/k"
    assert shapes.by_key(encrypted=False, key=None, aliases=None) == "none"
    assert shapes.by_key(encrypted=True, key=key, aliases=own) == "customer"
    assert shapes.by_key(encrypted=True, key=key, aliases=aws) == "provider"
    assert shapes.provider_or_customer(None) == "provider"
    assert shapes.provider_or_customer("alias/aws/secretsmanager") == "provider"
    assert shapes.provider_or_customer(key) == "customer"


def test_a_bare_alias_belongs_to_its_region() -> None:
    where = ("aws", "eu-west-1", "111111111111")
    assert shapes.key_ref("alias/data", *where) == "arn:aws:kms:eu-west-1:111111111111:alias/data"
    assert shapes.key_ref("1234-abcd", *where) == "1234-abcd"
    assert shapes.key_ref(None, *where) is None
    assert shapes.key_id("arn:aws:kms:eu-west-1:111111111111:key/1234") == "1234"


def test_a_function_without_its_version() -> None:
    arn = "arn:aws:lambda:eu-west-1:111111111111:function:f"
    assert shapes.unqualified(arn + ":live") == arn
    assert shapes.unqualified(arn) == arn
    assert shapes.unqualified(None) is None
