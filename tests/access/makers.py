"""Small inventories in few words, for tests and benchmarks of access."""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Raw

from aisposture.model import ids
from aisposture.model.graph import Label
from aisposture.model.resource import Policy, PolicyRole, Ref, Resource, Source

A, B, C = "111111111111", "222222222222", "333333333333"
ORGANIZATION = "o-acme"

Statement = dict[str, Any]


def policy(
    role: PolicyRole, name: str, statements: Sequence[Statement], version: str = "2012-10-17"
) -> Policy:
    document = json.dumps({"Version": version, "Statement": list(statements)})
    return Policy(role=role, id=name, document=Raw(document.encode()), source=Source(call=0, pointer=""))


def allow(action: Any, resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> Statement:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def refs(pairs: dict[str, Any]) -> tuple[Ref, ...]:
    return tuple(
        sorted(
            Ref(name=name, target=target)
            for name, targets in pairs.items()
            for target in ([targets] if isinstance(targets, str) else targets)
        )
    )


def resource(
    name: str,
    kind: str,
    *,
    account: str = A,
    region: str = "us-east-1",
    labels: tuple[Label, ...] = (),
    policies: Sequence[Policy] = (),
    tags: dict[str, str] | None = None,
    attrs: dict[str, Any] | None = None,
    **pairs: Any,
) -> Resource:
    return Resource(
        id=name,
        kind=kind,
        account=account,
        region=region,
        name=name.rpartition("/")[2].rpartition(":")[2],
        labels=labels,
        refs=refs(pairs),
        policies=tuple(policies),
        tags=tags or {},
        attrs=attrs or {},
    )


def account(number: str = A, **attrs: Any) -> Resource:
    return resource(
        ids.account_node(number),
        "aws.account",
        account=number,
        region="global",
        labels=(Label.ACCOUNT,),
        attrs=attrs,
    )


def user(name: str, *statements: Statement, account: str = A, **more: Any) -> Resource:
    own = [policy(PolicyRole.INLINE, "own", statements)] if statements else []
    return resource(
        ids.arn("iam", f"user/{name}", account=account),
        "aws.iam.user",
        account=account,
        region="global",
        labels=(Label.IDENTITY,),
        policies=own,
        **more,
    )


def role(
    name: str, trusting: Sequence[Statement], *statements: Statement, account: str = A, **more: Any
) -> Resource:
    policies = [policy(PolicyRole.TRUST, "trust", trusting)]
    policies += [policy(PolicyRole.INLINE, "own", statements)] if statements else []
    more.setdefault("attrs", {"service_linked": False})
    return resource(
        ids.arn("iam", f"role/{name}", account=account),
        "aws.iam.role",
        account=account,
        region="global",
        labels=(Label.IDENTITY,),
        policies=policies,
        **more,
    )


def group(name: str, *statements: Statement, account: str = A, **more: Any) -> Resource:
    own = [policy(PolicyRole.INLINE, "own", statements)] if statements else []
    return resource(
        ids.arn("iam", f"group/{name}", account=account),
        "aws.iam.group",
        account=account,
        region="global",
        labels=(Label.GROUP,),
        policies=own,
        **more,
    )


def managed(
    name: str, *statements: Statement, account: str = A, role: PolicyRole = PolicyRole.IDENTITY
) -> Resource:
    return resource(
        ids.arn("iam", f"policy/{name}", account=account),
        "aws.iam.policy",
        account=account,
        region="global",
        policies=[policy(role, name, statements)],
    )


def bucket(name: str, *statements: Statement, account: str = A, **more: Any) -> Resource:
    return resource(
        f"arn:aws:s3:::{name}",
        "aws.s3.bucket",
        account=account,
        labels=(Label.DATA_STORE,),
        policies=[policy(PolicyRole.RESOURCE, "policy", statements)] if statements else [],
        **more,
    )


def guarded(name: str, kind: str, *statements: Statement, **more: Any) -> Resource:
    """A resource of any kind with a resource policy."""
    return resource(
        name, kind, policies=[policy(PolicyRole.RESOURCE, "policy", statements)] if statements else [], **more
    )


def organization(
    members: dict[str, str], levels: dict[str, dict[PolicyRole, list[list[Statement]]]], management: str = C
) -> list[Resource]:
    """An organisation: ``members`` gives each account its unit, ``levels`` the policies of ``root``, unit or account."""
    stem = f"arn:aws:organizations::{management}"
    found = [
        resource(
            f"{stem}:organization/{ORGANIZATION}",
            "aws.organizations.organization",
            account=management,
            region="global",
            attrs={"unique_id": ORGANIZATION},
        )
    ]
    attached: dict[str, list[str]] = {}
    for level, by_role in levels.items():
        for role_, documents in by_role.items():
            for index, statements in enumerate(documents):
                name = f"{stem}:policy/{ORGANIZATION}/{role_.value}/p-{level}{index}"
                attached.setdefault(level, []).append(name)
                found.append(
                    resource(
                        name,
                        "aws.organizations.policy",
                        account=management,
                        region="global",
                        policies=[policy(role_, f"p-{level}{index}", statements)],
                    )
                )
    found.append(
        resource(
            f"{stem}:root/{ORGANIZATION}/r-1",
            "aws.organizations.root",
            account=management,
            region="global",
            parent=f"{stem}:organization/{ORGANIZATION}",
            has_policy=attached.get("root", []),
        )
    )
    found.extend(
        resource(
            f"{stem}:ou/{ORGANIZATION}/{unit}",
            "aws.organizations.ou",
            account=management,
            region="global",
            parent=f"{stem}:root/{ORGANIZATION}/r-1",
            has_policy=attached.get(unit, []),
        )
        for unit in sorted(set(members.values()))
    )
    for number, unit in members.items():
        found.append(
            resource(
                f"{stem}:account/{ORGANIZATION}/{number}",
                "aws.organizations.account",
                account=number,
                region="global",
                parent=f"{stem}:ou/{ORGANIZATION}/{unit}",
                has_policy=attached.get(number, []),
            )
        )
    return found
