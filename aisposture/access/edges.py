"""Identity edges from decided cells, with the statements that carry them as evidence."""

from collections.abc import Iterable, Iterator

from aisposture.access.decide import Cell
from aisposture.access.estate import Estate
from aisposture.access.parties import Party
from aisposture.model.access import StatementRef
from aisposture.model.graph import EdgeKind, EdgeRow, EvidenceRef
from aisposture.model.resource import PolicyRole, Resource

_MOST_EVIDENCE = 12


def evidence_of(statements: Iterable[StatementRef]) -> tuple[EvidenceRef, ...]:
    """The statements as evidence of an edge, identity side first."""
    ordered = sorted(statements, key=lambda one: (one.role in (PolicyRole.TRUST, PolicyRole.RESOURCE), one))
    return tuple(
        EvidenceRef(
            resource=one.resource,
            field=f"policies.{one.policy}",
            statement=one.index,
            note="trust policy allows" if one.role is PolicyRole.TRUST else "allows",
        )
        for one in ordered[:_MOST_EVIDENCE]
    )


def assume_edges(estate: Estate, party: Party, cells: Iterable[Cell]) -> Iterator[EdgeRow]:
    """``can_assume`` from a party to the roles of the cells; a service that runs code as a role is no attacker's hop."""
    if party.caller.type == "Service":
        return
    for cell in cells:
        for item in cell.items:
            role = estate.universe.owner[item]
            if role is None or role.kind != "aws.iam.role" or role.id == party.id:
                continue
            mine = [
                one for one in cell.statements if one.role is not PolicyRole.TRUST or one.resource == role.id
            ]
            yield EdgeRow(
                source=party.id,
                target=role.id,
                kind=EdgeKind.CAN_ASSUME,
                state=cell.state,
                attrs=_attrs(role, party, cell.conditions),
                conditions=cell.conditions,
                evidence=evidence_of(mine),
            )


def _attrs(role: Resource, party: Party, conditions: Iterable[str]) -> tuple[tuple[str, str | bool], ...]:
    found: dict[str, str | bool] = {"cross_account": role.account != party.account}
    if any("sts:externalid" in one.lower() for one in conditions):
        found["external_id"] = True
    elif role.account != party.account:
        found["external_id"] = False
    return tuple(sorted(found.items()))
