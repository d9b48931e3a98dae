import msgspec

from aisposture.model.finding import Band
from aisposture.report.stakes import by_rule, in_words, stakes
from tests.report.sample import PATHS, POSTURE, empty, report
from tests.report.sample_graph import DESK_AGENT, PROD, RECORDS


def test_counts_what_is_at_stake() -> None:
    found = stakes(report())
    assert list(found.paths.values()) == [1, 2, 1, 0, 0]
    assert list(found.posture.values()) == [0, 1, 2, 5, 0]
    assert found.stores == (RECORDS,)
    assert found.accounts == (PROD,)
    assert len(found.agents) == 4
    assert DESK_AGENT not in found.agents


def test_rules_that_leave_something_open_are_neither_assessed_nor_forgotten() -> None:
    found = stakes(report())
    assert [rule.rule for rule in found.unknown] == ["AP-02", "AP-05"]
    assert [rule.rule for rule in found.beside] == ["AP-33", "AP-63"]
    assert len(found.assessed) + len(found.unknown) + len(found.beside) == len(report().rules)


def test_nothing_found_is_called_clean_only_where_everything_was_read() -> None:
    unread = msgspec.structs.replace(report(), findings=())
    assert in_words(unread, stakes(unread)) == "No attack path was found in what could be read."
    assert in_words(empty(), stakes(empty())) == "No attack path was found, and everything in scope was read."


def test_one_path_in_words() -> None:
    one = report((PATHS[3],))
    assert in_words(one, stakes(one)) == (
        "1 medium attack path. They reach 1 restricted data store. 1 of 5 agents is on a path."
    )


def test_posture_is_folded_by_rule_worst_first() -> None:
    groups = by_rule(PATHS + POSTURE, "posture")
    assert [(group[0].rule, len(group)) for group in groups] == [("PO-04", 1), ("PO-01", 2), ("PO-11", 5)]
    assert groups[0][0].band is Band.HIGH
