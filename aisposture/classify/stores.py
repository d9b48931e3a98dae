"""How a store is kept: whether it refuses requests without TLS, and whether its name says that it holds a credential.

Source: S3 User Guide, "Enforcement of data in transit": a Deny of ``s3:*`` where ``aws:SecureTransport`` is false, on the bucket
and its objects.
"""

from typing import Any

from aisposture.classify.data_files import load
from aisposture.classify.statements import listed, statements
from aisposture.classify.verdict import Verdict
from aisposture.classify.words import contains
from aisposture.model.graph import EvidenceRef
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource

_EVERYONE = ("*", {"AWS": "*"}, {"*": "*"}, {"AWS": ["*"]})
_OPERATORS = frozenset({"bool", "boolifexists"})
_KEY = "aws:securetransport"


def tls_only(inventory: Inventory, store: Resource) -> Verdict | None:
    """Whether the policy of a bucket denies everything that comes without TLS; None where ``store`` is no bucket."""
    if store.kind != "aws.s3.bucket":
        return None
    if inventory.hidden(store, "policies.resource") is not None:
        return Verdict(value=None, grade="E0")
    evidence: list[EvidenceRef] = []
    left = {store.id, f"{store.id}/*"}
    for policy in store.documents(PolicyRole.RESOURCE):
        for index, statement in statements(policy):
            if _denies_plain(statement):
                named = {str(one) for one in listed(statement.get("Resource"))}
                left -= left if {"*", f"{store.id}*"} & named else named
                evidence.append(
                    EvidenceRef(
                        resource=store.id, field=f"policies.{policy.id}", statement=index, note="denies"
                    )
                )
    if not left:
        return Verdict(value=True, grade="E3", evidence=tuple(evidence))
    own = EvidenceRef(resource=store.id, field="id", note="no deny of requests without TLS found")
    return Verdict(value=False, grade="E3", evidence=(own,))


def _denies_plain(statement: dict[str, Any]) -> bool:
    """Whether ``statement`` denies everyone everything that comes without TLS, under no other condition."""
    if statement.get("Effect") != "Deny" or statement.get("Principal") not in _EVERYONE:
        return False
    if not {"*", "s3:*"} & {str(one).lower() for one in listed(statement.get("Action"))}:
        return False
    condition = statement.get("Condition")
    if not isinstance(condition, dict) or len(condition) != 1:
        return False
    ((operator, asked),) = condition.items()
    if str(operator).lower() not in _OPERATORS or not isinstance(asked, dict) or len(asked) != 1:
        return False
    ((key, value),) = asked.items()
    return str(key).lower() == _KEY and [str(one).lower() for one in listed(value)] == ["false"]


def credential_name(store: Resource) -> Verdict | None:
    """Whether a parameter is named like a credential; None where ``store`` is none."""
    if store.kind != "aws.ssm.parameter":
        return None
    table = load("credentials")
    hit = contains(store.name, table["names"])
    harmless = contains(store.name, table["about"]) if hit is not None else None
    note = f"'{hit}' in its name" if hit is not None else "its name"
    return Verdict(
        value=hit is not None and harmless is None,
        grade="E1" if hit is not None else "E3",
        evidence=(EvidenceRef(resource=store.id, field="id", note=note),),
    )
