"""Grants of AWS KMS: permissions on one key for one grantee, beside the key policy.

Source: AWS KMS Developer Guide, "Grants in AWS KMS".
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from aisposture.access.aws.context import Request
from aisposture.access.aws.document import Principal
from aisposture.access.aws.principals import Caller, Identity, Level, meet
from aisposture.access.truth import NO, YES, Answer, Truth, every, some

_CONTEXT = "kms:EncryptionContext:"


class KmsGrant(Struct, frozen=True, kw_only=True, rename="camel"):
    """One grant.

    Attributes:
        operations: names of KMS operations without prefix (``Decrypt``).
        constraints: ``EncryptionContextEquals`` or ``EncryptionContextSubset`` -> pairs the request must carry.
    """

    grantee_principal: str
    operations: tuple[str, ...]
    constraints: Mapping[str, Mapping[str, str]] = {}


def granted(grants: Iterable[KmsGrant], request: Request, identity: Identity, least: Level) -> Answer:
    """Whether some grant allows the request to a caller that it names at least as directly as ``least``."""
    return some(
        _allows(grant, request) for grant in grants if level_of(grant, request.caller, identity) >= least
    )


def level_of(grant: KmsGrant, caller: Caller, identity: Identity) -> Level:
    """How directly a grant names ``caller``."""
    text = grant.grantee_principal
    kind = "AWS" if text.startswith("arn:") or text.isdigit() else "Service"
    return meet((Principal(type=kind, value=text),), caller, identity).level


def _allows(grant: KmsGrant, request: Request) -> Answer:
    if request.action.partition(":")[2].lower() not in {name.lower() for name in grant.operations}:
        return NO
    return every(_constraint(name, dict(pairs), request) for name, pairs in grant.constraints.items())


def _constraint(name: str, pairs: dict[str, str], request: Request) -> Answer:
    given = {key for key in request.context if key.startswith(_CONTEXT.lower())}
    wanted = {f"{_CONTEXT}{key}": value for key, value in pairs.items()}
    if name == "EncryptionContextEquals" and given - {key.lower() for key in wanted}:
        return NO
    return every(_carries(request, key, value) for key, value in wanted.items())


def _carries(request: Request, key: str, value: str) -> Answer:
    found = request.lookup(key)
    if found is Truth.UNKNOWN:
        return Answer(Truth.UNKNOWN, frozenset({f"only if {key} is {value}, as the grant demands"}))
    return YES if found == (value,) else NO
