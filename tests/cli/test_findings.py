import json
from typing import Any

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run


def found(firing: str, capsys: pytest.CaptureFixture[str], *args: str) -> list[dict[str, Any]]:
    assert run(["findings", firing, "--json", *args]) == Exit.OK
    answer: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return answer


def test_table_is_readable_at_80_columns(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["findings", firing]) == Exit.OK
    out = capsys.readouterr().out
    assert "AP-01" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_filters(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    everything = found(firing, capsys)
    assert {one["rule"] for one in found(firing, capsys, "--rule", "AP-01")} == {"AP-01"}
    by_family = [found(firing, capsys, "--family", family) for family in ("path", "posture")]
    assert len(by_family[0]) + len(by_family[1]) == len(everything)
    by_agent = found(firing, capsys, "--agent", "support-bot")
    assert {one["agent"].rpartition(":")[2] for one in by_agent} == {"support-bot"}
    assert found(firing, capsys, "--account", "nobody") == []
    assert {one["score"]["band"] for one in found(firing, capsys, "--band", "high")} <= {"high"}


def test_explain_shows_each_hop_with_its_evidence(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    (finding,) = found(firing, capsys, "--rule", "AP-01")
    assert run(["explain", firing, finding["fingerprint"][:10]]) == Exit.OK
    out = capsys.readouterr().out
    assert "support-bot" in out
    assert "bot-role can write customer-records" in " ".join(out.split())
    assert '"Effect": "Allow"' in out
    assert f"Fingerprint {finding['fingerprint']}" in out
    assert "To check each hop by hand (read-only)" in out
    assert "disproved if" in out


def test_explain_json_has_the_nodes(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    (finding,) = found(firing, capsys, "--rule", "AP-01")
    assert run(["explain", firing, finding["fingerprint"], "--json"]) == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["finding"] == finding
    ends = {
        end for walk in finding["walks"] for hop in walk["hops"] for end in (hop["source"], hop["target"])
    }
    assert set(answer["nodes"]) == ends
    hops = sum(len(walk["hops"]) for walk in finding["walks"])
    assert [one["hop"] for one in answer["checks"]] == list(range(1, hops + 1))


@pytest.mark.parametrize(("word", "said"), [("zzz", "no finding has a fingerprint"), ("", "no finding has")])
def test_explain_of_nothing(firing: str, word: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", firing, word]) == Exit.USAGE
    assert said in capsys.readouterr().err
