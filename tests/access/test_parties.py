"""Who outside the inventory its policies let in."""

import pytest

from aisposture.access import evaluate
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, State
from aisposture.model.inventory import Inventory
from tests.access import makers
from tests.access.makers import A, B


@pytest.mark.parametrize("principal", [B, f"arn:aws:iam::{B}:root", f"arn:aws:iam::{B}:role/partner"])
def test_an_outside_account_that_a_trust_policy_names_may_take_the_role(principal: str) -> None:
    role = makers.role("audit", [makers.trust({"AWS": principal})])
    inventory = Inventory.of([makers.account(), role], taken_at="2026-01-01T00:00:00Z", accounts={A: ""})
    (row,) = (edge for edge in evaluate(inventory).edges if edge.kind is EdgeKind.CAN_ASSUME)
    assert (row.source, row.target, row.state) == (ids.account_node(B), role.id, State.CONFIRMED)
    assert dict(row.attrs) == {"cross_account": True, "external_id": False}
