"""Every declaration of an AWS Kind names what exists: operations, parameters, paths, permissions and neutral words."""

import re
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import botocore.session
import pytest

from aisposture.collect import kinds_of, registry
from aisposture.collect.declare import (
    Call,
    Computed,
    Const,
    Detail,
    Frozen,
    Kind,
    Path,
    Table,
    Template,
    Value,
    path,
)
from aisposture.model.attributes import ATTRIBUTES, REFS

SESSION = botocore.session.get_session()
KINDS = kinds_of("aws")
SCOPE = {"account", "region", "partition", "id", "parent"}

PERMISSIONS = {
    # operation -> the IAM action, where it is not the operation's own name
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:HeadBucket": "s3:ListBucket",
}
"""From the service authorization reference."""

PREFIXES = {"bedrock-agent": "bedrock", "s3control": "s3"}


def model(call: Call) -> Any:
    """The operation's model; fails the test that asks for one that does not exist."""
    return SESSION.get_service_model(call.service).operation_model(call.operation)


def step_into(shape: Any, step: str | int) -> Any | None:
    """The shape one step further, None where there is none."""
    if shape.type_name == "list" and (isinstance(step, int) or step == "*"):
        return shape.member
    if shape.type_name == "map" and isinstance(step, str):
        return shape.value
    if shape.type_name == "structure" and isinstance(step, str):
        return shape.members.get(step)
    return None


def walk(shape: Any, steps: tuple[str | int, ...], where: str) -> Any:
    """The shape at ``steps``."""
    for step in steps:
        deeper = step_into(shape, step)
        assert deeper is not None, f"{where}: {shape.name} ({shape.type_name}) has no {step}"
        shape = deeper
    return shape


def item_shapes(kind: Kind) -> list[Any]:
    """What the items of ``kind`` may look like: one shape, or one for each declaration of the parents they stand in."""
    if kind.call is not None:
        return [walk(model(kind.call).output_shape, kind.items.steps, kind.name)]
    return [walk(root, kind.items.steps, kind.name) for root, _ in roots(kind, kind.items.source)]


def roots(kind: Kind, source: str) -> list[tuple[Any, bool]]:
    """The shapes that a source of ``kind`` may have, and whether it is a list of such rows; none for parsed text."""
    if source == "item":
        return [(shape, False) for shape in item_shapes(kind)]
    if source.startswith("parent"):
        parents = [parent for parent in KINDS if parent.name in kind.parents]
        assert parents, f"{kind.name} reads {source} but has no parent"
        inner = source.partition(".")[2] or "item"
        declaring = [parent for parent in parents if inner == "item" or inner in sources(parent)]
        assert declaring, f"{kind.name}: no parent has {inner}"
        return [shape for parent in declaring if parent != kind for shape in roots(parent, inner)]
    found = sources(kind).get(source)
    assert found is not None, f"{kind.name} has no source {source}"
    shape = model(found.call).output_shape
    if isinstance(found, Detail):
        return [(shape, False)]
    return [] if found.parse else [(walk(shape, found.rows.steps, kind.name), True)]


def sources(kind: Kind) -> dict[str, Detail | Table]:
    """Details and tables by name."""
    found: dict[str, Detail | Table] = {table.name: table for table in kind.tables}
    return found | {detail.name: detail for detail in kind.details}


def paths_in(given: Any) -> Iterator[Path]:
    """Every path in a value or parameter."""
    if isinstance(given, Path):
        yield given
    elif isinstance(given, Template):
        yield from given.paths
    elif isinstance(given, Computed):
        yield from given.reads
    elif isinstance(given, Frozen):
        for _, inner in given.items:
            yield from paths_in(inner)
    elif isinstance(given, tuple):
        for inner in given:
            yield from paths_in(inner)


def values_of(kind: Kind) -> Iterator[Value | None]:
    """Every value of ``kind`` that is read over its own sources."""
    yield from (kind.id, kind.title, kind.account, kind.region, kind.where, kind.tags, kind.net)
    yield from (field.value for field in (*kind.attrs, *kind.refs, *kind.secret_bearing))
    yield from (when.value for when in kind.labels_when)
    yield from (table.by for table in kind.tables)
    yield from (detail.when for detail in kind.details)
    yield from (each for back in kind.back_refs for each in (back.bearers, back.target))
    yield from kind.config
    for policy in kind.policies:
        if policy.each is None:
            yield from (policy.id, policy.document)


def check(kind: Kind, wanted: Path, where: str) -> None:
    """Fails where ``wanted`` leads nowhere in the model."""
    if wanted.source == "scope":
        assert set(wanted.steps) <= SCOPE, where
        return
    for root, rows in roots(kind, wanted.source):
        steps = wanted.steps
        if rows and steps:
            assert isinstance(steps[0], int) or steps[0] == "*", f"{where}: a table is a list of rows"
            steps = steps[1:]
        walk(root, steps, where)


def ids_of(kinds: tuple[Kind, ...]) -> list[str]:
    """Names for the reader; several declarations of one name are numbered."""
    return [f"{kind.name}-{number}" for number, kind in enumerate(kinds)]


each_kind = pytest.mark.parametrize("kind", KINDS, ids=ids_of(KINDS))


def test_there_are_kinds() -> None:
    assert {"aws.ec2.instance", "aws.lambda.function", "aws.bedrock.agent"} <= {kind.name for kind in KINDS}
    assert all(kind.name == kind.name.lower() for kind in registry())


@each_kind
def test_operations_and_parameters_exist(kind: Kind) -> None:
    for call in kind.calls:
        try:
            operation = model(call)
        except (botocore.exceptions.UnknownServiceError, botocore.model.OperationNotFoundError) as error:
            pytest.fail(str(error))
        given = dict(call.params)
        known = operation.input_shape.members if operation.input_shape else {}
        required = operation.input_shape.required_members if operation.input_shape else []
        assert set(given) <= set(known), call.name
        assert set(required) <= set(given), f"{call.name} lacks {set(required) - set(given)}"
        for name, value in given.items():
            if known[name].type_name == "list" and isinstance(value, tuple):
                continue
            if isinstance(value, str) and getattr(known[name], "enum", None):
                assert value in known[name].enum, f"{call.name} {name}={value}"


@each_kind
def test_calls_only_read(kind: Kind) -> None:
    for call in kind.calls:
        assert re.match(r"(?:List|Get|Describe|BatchGet|Search|Head|Select|Lookup)", call.operation), (
            call.name
        )


@each_kind
def test_page_sizes_are_asked_where_pages_exist(kind: Kind) -> None:
    for call in kind.calls:
        if call.page_size:
            pages = SESSION.get_paginator_model(call.service).get_paginator(call.operation)
            assert "limit_key" in pages, call.name


@each_kind
def test_permissions_exist(kind: Kind) -> None:
    for call in kind.calls:
        expected = PERMISSIONS.get(call.name, f"{PREFIXES.get(call.service, call.service)}:{call.operation}")
        assert call.permission == expected


@each_kind
def test_absent_codes_are_errors_of_the_operation(kind: Kind) -> None:
    for call in kind.calls:
        modelled = {
            shape.metadata.get("error", {}).get("code", shape.name) for shape in model(call).error_shapes
        }
        if modelled and call.service not in {"s3", "s3control"}:  # S3 models almost none of its codes
            assert set(call.absent) <= modelled | {shape.name for shape in model(call).error_shapes}, (
                call.name
            )


@each_kind
def test_paths_lead_somewhere(kind: Kind) -> None:
    for value in values_of(kind):
        for wanted in paths_in(value):
            check(kind, wanted, f"{kind.name}: {wanted.source}:{wanted.steps}")
    for call in kind.calls:
        for wanted in paths_in(tuple(value for _, value in call.params)):
            check(kind, wanted, f"{kind.name}: parameter of {call.name}")
            assert (wanted.source, *wanted.steps) != ("scope", "id"), "the id is known after the details"


@each_kind
def test_keys_of_tables_stand_in_their_rows(kind: Kind) -> None:
    for table in kind.tables:
        row = walk(model(table.call).output_shape, table.rows.steps if table.parse is None else (), kind.name)
        for wanted in paths_in(table.key) if table.parse is None else ():
            walk(row, wanted.steps, f"{kind.name}: key of {table.name}")


@each_kind
def test_entries_of_policies_have_what_is_read(kind: Kind) -> None:
    for policy in kind.policies:
        for root, _ in roots(kind, policy.each.source) if policy.each else ():
            entry = walk(root, policy.each.steps if policy.each else (), kind.name)
            for wanted in (*paths_in(policy.id), *paths_in(policy.document)):
                if wanted.source == "item":
                    walk(entry, wanted.steps, f"{kind.name}: {policy.role}")


def test_a_wrong_path_is_found() -> None:
    agent = next(kind for kind in KINDS if kind.name == "aws.bedrock.agent")
    for wrong in (
        "agent:agent.foundationmodel",
        "agentID",
        "nowhere:x",
        "parent:x",
        "scope:zone",
        "agentName[0]",
    ):
        with pytest.raises(AssertionError):
            check(agent, path(wrong), wrong)


@each_kind
def test_neutral_words_are_in_the_vocabulary(kind: Kind) -> None:
    for field in kind.attrs:
        assert field.name in ATTRIBUTES, field.name
        assert not ATTRIBUTES[field.name].derived, f"{field.name} is computed after collection"
        if isinstance(field.value, Const) and ATTRIBUTES[field.name].values:
            assert field.value.value in ATTRIBUTES[field.name].values
    for name in (*(field.name for field in kind.refs), *(back.name for back in kind.back_refs)):
        assert name in REFS, name


@each_kind
def test_back_refs_name_kinds_that_exist(kind: Kind) -> None:
    names = {each.name for each in KINDS}
    for back in kind.back_refs:
        assert set(back.kinds) <= names
