"""Which services a role trusts: asked before a role counts as one that can be passed to them."""

from pyroaring import BitMap

from aisposture.access.aws.authorize import Policies, authorize
from aisposture.access.aws.context import Request
from aisposture.access.aws.principals import parse_caller
from aisposture.access.estate import Estate
from aisposture.model.access import StatementRef
from aisposture.model.graph import State
from aisposture.model.resource import PolicyRole

Trusting = tuple[State, tuple[str, ...], BitMap, frozenset[StatementRef]]
"""Roles that trust a service under the same conditions, with the statements that say so."""


class Trusts:
    """Answers for each service once."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._known: dict[str, list[Trusting]] = {}
        self._naming: dict[str, list[str]] = {}
        for role in estate.inventory.of_kind("aws.iam.role"):
            for compiled in estate.library.all(role, (PolicyRole.TRUST,)):
                for statement, _ in compiled.statements:
                    for principal in statement.principals or ():
                        if principal.type in ("Service", "Federated"):
                            self._naming.setdefault(principal.value.lower(), []).append(role.id)

    def of(self, service: str) -> list[Trusting]:
        """The roles that ``service`` may assume on behalf of their own account."""
        if service not in self._known:
            self._known[service] = self._ask(service)
        return self._known[service]

    def _ask(self, service: str) -> list[Trusting]:
        estate = self.estate
        groups: dict[tuple[State, tuple[str, ...]], tuple[BitMap, set[StatementRef]]] = {}
        caller = parse_caller(service)
        # Identity pools hand out roles by their own tokens.
        by_token = caller is not None and caller.type == "Federated"
        action = "sts:AssumeRoleWithWebIdentity" if by_token else "sts:AssumeRole"
        for name in sorted({*self._naming.get(service, ()), *self._naming.get("*", ())}):
            role = estate.inventory.by_id[name]
            number = estate.universe.number[name]
            context = {
                **estate.requests.item_context(number),
                "aws:securetransport": ("true",),
                "aws:currenttime": (estate.inventory.taken_at,),
                "aws:sourceaccount": (role.account,),
            }
            member = estate.members.get(role.account)
            if member is not None:
                context["aws:sourceorgid"] = (member.organization,)
                context["aws:sourceorgpaths"] = (member.path,)
            if caller is None:
                continue
            request = Request(
                caller=caller,
                action=action,
                resource=name,
                resource_account=role.account,
                context=context,
                complete=False,
            )
            act = estate.requests.act(action, {})
            policies = Policies(
                resource=estate.sides.document(act, number),
                rcps=tuple(
                    tuple(one.document for one in level) for level in estate.rcps.get(role.account, ())
                ),
            )
            decision = authorize(request, policies)
            state = decision.outcome.state
            if state is not State.FALSE:
                roles, statements = groups.setdefault((state, decision.conditions), (BitMap(), set()))
                roles.add(number)
                statements.update(one for one in decision.allowed if one.resource)
        return [
            (state, conditions, roles, frozenset(statements))
            for (state, conditions), (roles, statements) in groups.items()
        ]
