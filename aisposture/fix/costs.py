"""What changes cost: relative effort, effect and what to look out for, by action."""

from typing import Literal, NamedTuple


class Cost(NamedTuple):
    """The defaults of one action.

    Attributes:
        effort: relative, 1 (a setting) to 10 (a redesign).
        effect: ``cut`` takes the hop away, ``weaken`` makes it less likely or less powerful.
        disruption: what may break, for people.
        in_production: factor on the effort where the resource is production.
    """

    effort: float
    effect: Literal["cut", "weaken"]
    disruption: str
    in_production: float = 1.0


COSTS: dict[str, Cost] = {
    "require_imds_v2": Cost(1, "cut", "software that still asks the metadata service without a token fails"),
    "require_confirmation": Cost(1, "weaken", "each use of the tool waits for a person"),
    "require_auth": Cost(2, "cut", "callers that do not sign their requests are refused", 1.5),
    "block_public_access": Cost(2, "cut", "anonymous and foreign readers are refused", 1.5),
    "remove_public_access": Cost(2, "cut", "anonymous and foreign callers are refused", 1.5),
    "unshare": Cost(2, "cut", "accounts that copy it today lose it", 1.5),
    "close_ingress": Cost(2, "cut", "connections that these rules let in are refused", 1.5),
    "deactivate_key": Cost(2, "cut", "whoever still uses the key is refused"),
    "remove_secret": Cost(
        2, "cut", "the code must fetch the secret at start; replace the value, it was readable"
    ),
    "require_external_id": Cost(2, "weaken", "the partner must send the external id"),
    "remove_principal": Cost(3, "cut", "what the principal did through this policy stops"),
    "narrow_policy": Cost(3, "cut", "whoever shares the policy loses this access as well"),
    "deny_on_identity": Cost(3, "cut", "the identity loses this access, whoever uses it"),
    "restrict_pass_role": Cost(3, "cut", "the identity can no longer start things under this role"),
    "attach_boundary": Cost(3, "weaken", "changes of access, keys and organisation by this identity fail"),
    "detach": Cost(5, "cut", "the agent no longer gets this input"),
    "disable_tool": Cost(8, "cut", "the agent can no longer do what the tool did"),
}
"""Defaults by action; the ``cost`` and ``effect`` of a rule's fix with the same ``action`` win for that rule."""
