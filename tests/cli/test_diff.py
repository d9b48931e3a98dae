"""Two snapshots: new, changed, fixed, and what must not be called fixed."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from aisposture.cli.exits import Exit
from aisposture.cli.main import run
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, PolicyRole
from aisposture.model.snapshot import write

PATH = "AP-01"


@pytest.fixture
def whole(cases: dict[str, Inventory]) -> Inventory:
    return cases["fires"]


def folder(tmp_path: Path, name: str, inventory: Inventory) -> str:
    write(tmp_path / name / "snapshot", inventory)
    return str(tmp_path / name)


def compared(
    tmp_path: Path, old: Inventory, new: Inventory, capsys: pytest.CaptureFixture[str], *args: str
) -> tuple[int, dict[str, Any]]:
    code = run(["diff", folder(tmp_path, "old", old), folder(tmp_path, "new", new), "--json", *args])
    captured = capsys.readouterr()
    assert captured.err == ""
    found: dict[str, Any] = json.loads(captured.out)
    return code, found


def rules(found: list[dict[str, Any]]) -> set[str]:
    return {one.get("finding", one)["rule"] for one in found if one.get("finding", one)["family"] == "path"}


def without_role_policies(inventory: Inventory) -> Inventory:
    """The role that reaches the data has no policies any more."""
    kept = [
        replace(
            one,
            policies=tuple(policy for policy in one.policies if policy.role is PolicyRole.TRUST),
            refs=tuple(ref for ref in one.refs if ref.name != "has_policy"),
        )
        if one.kind == "aws.iam.role"
        else one
        for one in inventory.resources
    ]
    return replace(inventory, resources=tuple(kept))


def test_nothing_changed(tmp_path: Path, whole: Inventory, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = compared(tmp_path, whole, whole, capsys)
    assert code == Exit.OK
    assert [found[name] for name in ("new", "changed", "fixed", "not_reassessed")] == [[], [], [], []]
    assert found["same"] > 0
    assert all(not any(things.values()) for things in found["things"].values())


def test_fixed_says_what_differs_and_the_reverse_is_new(
    tmp_path: Path, whole: Inventory, capsys: pytest.CaptureFixture[str]
) -> None:
    less = without_role_policies(whole)
    code, found = compared(tmp_path, whole, less, capsys)
    assert code == Exit.OK
    fixed = next(one for one in found["fixed"] if one["finding"]["rule"] == PATH)
    assert any("differs" in words for words in fixed["because"])
    assert found["not_reassessed"] == []
    code, found = compared(tmp_path / "back", less, whole, capsys)
    assert code == Exit.FINDINGS
    assert PATH in rules(found["new"])


def test_unread_evidence_is_never_fixed(
    tmp_path: Path, whole: Inventory, capsys: pytest.CaptureFixture[str]
) -> None:
    role = next(one for one in whole.resources if one.name == "bot-role")
    gap = Gap(
        call="iam:GetAccountAuthorizationDetails",
        account=role.account,
        region="global",
        resource=role.id,
        reason="denied",
        hides=("policies.inline", "policies.identity", "refs.has_policy"),
        needs="iam:GetAccountAuthorizationDetails",
    )
    blind = replace(without_role_policies(whole), gaps=(gap,))
    code, found = compared(tmp_path, whole, blind, capsys)
    assert code == Exit.INCOMPLETE
    assert PATH in rules(found["not_reassessed"])
    assert PATH not in rules(found["fixed"])
    why = next(one for one in found["not_reassessed"] if one["finding"]["rule"] == PATH)["because"]
    assert "iam:GetAccountAuthorizationDetails" in " ".join(why)
    code, _ = compared(tmp_path / "open", whole, blind, capsys, "--all-open")
    assert code == Exit.FINDINGS


def test_account_that_was_not_scanned_again(
    tmp_path: Path, whole: Inventory, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = Inventory.of([], taken_at=whole.taken_at, accounts={"999999999999": ""})
    _, found = compared(tmp_path, whole, nothing, capsys)
    assert found["fixed"] == []
    assert PATH in rules(found["not_reassessed"])
    agents = found["things"]["agent"]
    assert agents["removed"] == []
    assert len(agents["unseen"]) == 1


def test_things_come_and_go(tmp_path: Path, whole: Inventory, capsys: pytest.CaptureFixture[str]) -> None:
    agent = next(one for one in whole.resources if one.name == "support-bot")
    less = replace(whole, resources=tuple(one for one in whole.resources if one.id != agent.id))
    _, found = compared(tmp_path, whole, less, capsys)
    assert found["things"]["agent"]["removed"] == [agent.id]
    _, found = compared(tmp_path / "back", less, whole, capsys)
    assert found["things"]["agent"]["added"] == [agent.id]


def test_terminal(tmp_path: Path, whole: Inventory, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = folder(tmp_path, "old", whole), folder(tmp_path, "new", without_role_policies(whole))
    assert run(["diff", old, new]) == Exit.OK
    out = capsys.readouterr().out
    assert "fixed: critical AP-01" in out
    assert run(["diff", new, old, "--fail-on", "never"]) == Exit.OK
    assert "new: critical AP-01" in capsys.readouterr().out


def test_folder_that_is_none(tmp_path: Path, firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", firing, str(tmp_path / "nowhere")]) == Exit.USAGE
    assert "nowhere" in capsys.readouterr().err
