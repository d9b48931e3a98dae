"""The account itself: its root user, password policy and account-wide S3 setting."""

from collections.abc import Sequence

from aisposture.collect.declare import call, computed, detail, kind, path, template
from aisposture.model.graph import Label

_BLOCK = "block:PublicAccessBlockConfiguration"


def title(aliases: Sequence[str] | None, account: str) -> str:
    """The account's alias, else its number."""
    return next(iter(aliases or ()), account)


account = kind(
    "aws.account",
    labels=(Label.ACCOUNT,),
    call=call("sts", "GetCallerIdentity", scope="account"),
    items="@",
    id=template("account:{scope:account}"),
    title=computed(title, "aliases:AccountAliases", "scope:account"),
    details=(
        detail("summary", call("iam", "GetAccountSummary", scope="account")),
        detail(
            "password",
            call("iam", "GetAccountPasswordPolicy", absent=("NoSuchEntity",), scope="account"),
        ),
        detail("aliases", call("iam", "ListAccountAliases", scope="account")),
        detail(
            "block",
            call(
                "s3control",
                "GetPublicAccessBlock",
                {"AccountId": path("scope:account")},
                permission="s3:GetAccountPublicAccessBlock",
                absent=("NoSuchPublicAccessBlockConfiguration",),
                scope="account",
            ),
        ),
    ),
    attrs={
        "root_mfa": computed(
            lambda count: None if count is None else count > 0, "summary:SummaryMap.AccountMFAEnabled"
        ),
        "root_access_keys": "summary:SummaryMap.AccountAccessKeysPresent",
        "password_min_length": "password:PasswordPolicy.MinimumPasswordLength",
        "password_reuse_prevention": "password:PasswordPolicy.PasswordReusePrevention",
        "block_public_acls": f"{_BLOCK}.BlockPublicAcls",
        "ignore_public_acls": f"{_BLOCK}.IgnorePublicAcls",
        "block_public_policy": f"{_BLOCK}.BlockPublicPolicy",
        "restrict_public_buckets": f"{_BLOCK}.RestrictPublicBuckets",
    },
)
