"""The declaration language of collectors: what to call, where the fields are, what they mean.

A **value** says where something is read:

* a path, as plain text: ``Owner.ID``, ``Tags[0].Value``, ``SecurityGroups[*].GroupId`` (a list), ``[*].Name`` (of a table's
  rows), ``@`` (all of it). Before a colon may stand the source it is read from, else it is the listed item:
  ``item:``, ``<detail or table>:`` (the answer of that call for this item), ``parent:`` (the item of the parent Kind),
  ``parent.<detail>:`` (an answer about the parent), ``scope:`` (``account``, ``region``, ``partition``, ``id`` of the
  resource, ``parent`` = id of the parent's resource);
* ``template("arn:{scope:partition}:s3:::{Name}")``: text around paths, None where one of them is;
* ``computed(function, "path", ...)``: a plain function over the values of the paths that it declares (None among them);
* ``const("role")``: a value that the type itself implies.

For example::

    functions = kind(
        "aws.lambda.function",
        labels=(Label.WORKLOAD,),
        call=call("lambda", "ListFunctions"),
        items="Functions[*]",
        id="FunctionArn",
        title="FunctionName",
        details=(detail("policy", call("lambda", "GetPolicy", {"FunctionName": path("FunctionName")},
                                       absent=("ResourceNotFoundException",))),),
        attrs={"handler": "Handler", "environment_names": computed(lambda given: sorted(given or ()), "Environment.Variables")},
        refs={"runs_as": "Role", "in_subnet": "VpcConfig.SubnetIds[*]"},
        policies=(policy(PolicyRole.RESOURCE, "policy:Policy", id=const("function-policy")),),
        secret_bearing={"environment": "Environment.Variables"},
        config=("Environment.Variables",),
    )

Every Kind bound to a name of a module under ``collect/<cloud>/`` is registered; there is no list to edit.

A path that leads nowhere is None ("read, and not set"). A path into an answer that failed makes the field a Gap.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from aisposture.model.graph import Label
from aisposture.model.resource import PolicyRole

Scope = Literal["region", "account", "organization"]

_SOURCE = re.compile(r"(?P<source>[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*):(?P<path>.*)", re.DOTALL)
_SEGMENT = re.compile(r'(?P<name>[^."\[\]]+)|"(?P<quoted>[^"]+)"|\[(?P<index>\*|-?\d+)\]')
_HOLE = re.compile(r"\{([^{}]+)\}")

PREFIXES: dict[str, str] = {
    "bedrock-agent": "bedrock",
    "bedrock-agentcore-control": "bedrock-agentcore",
    "elbv2": "elasticloadbalancing",
    "elb": "elasticloadbalancing",
    "s3control": "s3",
    "apigatewayv2": "apigateway",
    "opensearch": "es",
    "efs": "elasticfilesystem",
    "stepfunctions": "states",
    "cloudwatch": "monitoring",
    "sesv2": "ses",
    "lexv2-models": "lex",
    "emr": "elasticmapreduce",
    "cognito-idp": "cognito-idp",
    "sso-admin": "sso",
    "opensearchserverless": "aoss",
}
"""Prefix of a service's IAM actions where it is not the name of its SDK client."""


class Path(Struct, frozen=True):
    """A place in an answer.

    Attributes:
        source: ``item``, ``scope``, ``parent``, ``parent.<detail>``, or the name of a detail or table.
        steps: names, positions and ``*`` (each element), in order.
    """

    source: str
    steps: tuple[str | int, ...]


class Template(Struct, frozen=True):
    """Text with paths in it; ``literals`` has one more element than ``paths``."""

    literals: tuple[str, ...]
    paths: tuple[Path, ...]


class Computed(Struct, frozen=True):
    """A plain function over declared paths; its evidence is the first of them that was read."""

    function: Callable[..., Any]
    reads: tuple[Path, ...]


class Const(Struct, frozen=True):
    """A value that the type itself implies; its evidence is the item."""

    value: Any


class Unread(Exception):  # noqa: N818 - a signal, not an error
    """Raised by the function of a computed value where the answer says that what it asks for was kept from the caller.

    The field becomes a Gap that ``needs`` would close.
    """

    def __init__(self, needs: str, *, denied: bool = False) -> None:
        self.needs = needs
        self.denied = denied
        super().__init__(needs)


Value = Path | Template | Computed | Const
Valueish = str | Value
"""What a declaration accepts for a value: text stands for a path."""


def path(text: str) -> Path:
    """The path written as ``text``; see the module for the notation.

    Raises:
        ValueError: the text is no path.
    """
    found = _SOURCE.fullmatch(text)
    source, rest = (found["source"], found["path"]) if found else ("item", text)
    if rest == "@":
        return Path(source, ())
    steps: list[str | int] = []
    position = 0
    while position < len(rest):
        if rest[position] == "." and position:
            position += 1
        step = _SEGMENT.match(rest, position)
        if step is None:
            raise ValueError(f"no path: {text!r}")
        index = step["index"]
        steps.append((index if index == "*" else int(index)) if index else step["name"] or step["quoted"])
        position = step.end()
    if not steps:
        raise ValueError(f"empty path: {text!r} (write @ for all of it)")
    return Path(source, tuple(steps))


def template(text: str) -> Template:
    """Text whose ``{...}`` are paths; they may not hold lists."""
    parts = _HOLE.split(text)
    return Template(tuple(parts[::2]), tuple(path(part) for part in parts[1::2]))


def computed(function: Callable[..., Any], *reads: str) -> Computed:
    """The result of ``function`` over the values at ``reads``, in order."""
    if not reads:
        raise ValueError("a computed value declares what it reads")
    return Computed(function, tuple(path(read) for read in reads))


def const(value: Any) -> Const:
    """A value that the type itself implies."""
    return Const(value)


def value(given: Valueish) -> Value:
    """``given``, text parsed as a path."""
    return path(given) if isinstance(given, str) else given


class Call(Struct, frozen=True, kw_only=True):
    """One read operation with its parameters. Equal calls are made once per account and region.

    Attributes:
        params: (name, frozen value), sorted by name; a ``Path`` or ``Template`` is filled in from the item or its parent.
        permission: IAM action that the call needs.
        absent: error codes that mean "not configured": the answer is None, and that was read.
        scope: ``region``: once per region; ``account``: once, at the partition's home region; ``organization``: likewise, and
            only through the management account (or where that is not part of the scan).
        page_size: items to ask for per page, 0 for the provider's default.
        pending: error codes that mean "first make ``prepare``, then ask again" (the credential report).
        prepare: operation of the same service to call then; on the guard's short list.
    """

    service: str
    operation: str
    params: tuple[tuple[str, Any], ...] = ()
    permission: str
    absent: tuple[str, ...] = ()
    scope: Scope = "region"
    page_size: int = 0
    pending: tuple[str, ...] = ()
    prepare: str = ""

    @property
    def name(self) -> str:
        """``service:Operation``, as in ``CallRecord.operation``."""
        return f"{self.service}:{self.operation}"


def frozen(given: Any) -> Any:
    """``given`` made hashable: mappings become ``Frozen``, sequences tuples."""
    if isinstance(given, Mapping):
        return Frozen(tuple(sorted((str(name), frozen(item)) for name, item in given.items())))
    if isinstance(given, list | tuple | set | frozenset):
        return tuple(frozen(item) for item in given)
    return given


class Frozen(Struct, frozen=True):
    """A mapping as a hashable value."""

    items: tuple[tuple[str, Any], ...]


def call(  # noqa: PLR0913 - the keywords of a declaration, each optional
    service: str,
    operation: str,
    params: Mapping[str, Any] | None = None,
    *,
    permission: str = "",
    absent: Sequence[str] = (),
    scope: Scope = "region",
    page_size: int = 0,
    pending: Sequence[str] = (),
    prepare: str = "",
) -> Call:
    """A Call of the SDK client ``service`` (``bedrock-agent``) and API operation (``ListAgents``).

    ``params`` are literal values, or ``path(...)`` / ``template(...)`` for what comes from the item. The permission is
    ``prefix:Operation`` unless given.
    """
    return Call(
        service=service,
        operation=operation,
        params=frozen(params or {}).items,
        permission=permission or f"{PREFIXES.get(service, service)}:{operation}",
        absent=tuple(absent),
        scope=scope,
        page_size=page_size,
        pending=tuple(pending),
        prepare=prepare,
    )


class Detail(Struct, frozen=True, kw_only=True):
    """A call made for each item; its answer is a source for values under ``name``.

    Attributes:
        when: made only where this is true or cannot be told, else the answer is None, and that was read.
    """

    name: str
    call: Call
    when: Value | None = None


class Table(Struct, frozen=True, kw_only=True):
    """A list read once and joined to the items; the source ``name`` is the list of rows that match an item.

    Attributes:
        rows: path of the rows in the (joined) answer.
        key: value of a row (its paths read the row).
        by: value of the item that equals ``key``; a list matches any of its elements.
        parse: turns the answer into one that has rows (the credential report is CSV).
        optional: a failure leaves no rows and is no Gap, because other calls can tell the same.
    """

    name: str
    call: Call
    rows: Path
    key: Value
    by: Value
    parse: Callable[[Any], Any] | None = None
    optional: bool = False


class Field(Struct, frozen=True, kw_only=True):
    """A named value: an attribute, the target(s) of a ref, a secret-bearing field."""

    name: str
    value: Value


class LabelWhen(Struct, frozen=True, kw_only=True):
    """A label that only some items of a Kind carry."""

    label: Label
    value: Value


class PolicySource(Struct, frozen=True, kw_only=True):
    """Where policy documents are read.

    Attributes:
        each: path of a list of entries (``id`` and ``document`` then read the entry as ``item``), or None for a single one.
        document: a mapping, JSON text, or None where there is none.
    """

    role: PolicyRole
    id: Value
    document: Value
    each: Path | None = None


class BackRef(Struct, frozen=True, kw_only=True):
    """Refs that other resources of the account get, because this one lists them.

    Attributes:
        bearers: ids or aliases of the resources that get a ref called ``name``.
        kinds: their possible kinds (what a failed call hides).
        target: what the ref points at; None: this resource.
    """

    name: str
    bearers: Value
    kinds: tuple[str, ...]
    target: Value | None = None


class Kind(Struct, frozen=True, kw_only=True):
    """How one type of resource is read. Made by ``kind``.

    Attributes:
        name: ``cloud.service.type``.
        call: the list call; None where the items stand in an answer about the parent.
        items: path of the items; a map gives its values, a single object is one item.
        parents: names of Kinds; the call is made for each of their items. A Kind may be its own parent (a tree).
        where: items for which this is false are left out.
        id, title, account, region: of the Resource. A ``region`` (which may read only the item, and details declared before it
            is needed) also says where the remaining details of the item are asked.
        labels_when: labels of some items.
        tables, details: further answers, in order: a later one may use an earlier one.
        tags: a list of keys and values, or a map.
        net: a function that returns ``Net`` or None.
        secret_bearing: fields whose every string goes through the redactor, inside the runner.
        config: values that may name other resources (environment variables): matched in memory, then dropped; a match becomes
            a ref ``configures``, or ``uses_secret`` where the target is a secret.
    """

    name: str
    labels: tuple[Label, ...]
    call: Call | None
    items: Path
    parents: tuple[str, ...]
    where: Value | None
    id: Value
    title: Value
    account: Value
    region: Value | None
    labels_when: tuple[LabelWhen, ...]
    tables: tuple[Table, ...]
    details: tuple[Detail, ...]
    attrs: tuple[Field, ...]
    refs: tuple[Field, ...]
    back_refs: tuple[BackRef, ...]
    policies: tuple[PolicySource, ...]
    tags: Value | None
    net: Value | None
    secret_bearing: tuple[Field, ...]
    config: tuple[Value, ...]

    @property
    def cloud(self) -> str:
        """``aws``, ``azure`` ..."""
        return self.name.partition(".")[0]

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call that reading this Kind may make, itself only."""
        own = (self.call,) if self.call else ()
        return (*own, *(table.call for table in self.tables), *(detail.call for detail in self.details))

    @property
    def scope(self) -> Scope | None:
        """Where the list call is made; None where it has none (then: where its parents are)."""
        return self.call.scope if self.call else None


def detail(name: str, made: Call, *, when: Valueish | None = None) -> Detail:
    """A call made for each item."""
    return Detail(name=name, call=made, when=None if when is None else value(when))


def table(
    name: str,
    made: Call,
    *,
    rows: str,
    key: Valueish,
    by: Valueish,
    parse: Callable[[Any], Any] | None = None,
    optional: bool = False,
) -> Table:
    """A list read once and joined to the items."""
    return Table(
        name=name, call=made, rows=path(rows), key=value(key), by=value(by), parse=parse, optional=optional
    )


def policy(
    role: PolicyRole,
    document: Valueish,
    *,
    id: Valueish,  # noqa: A002 - the field's own name
    each: str | None = None,
) -> PolicySource:
    """Where documents of one role are read; a plain ``id`` text is a path, a fixed name is ``const("bucket-policy")``."""
    return PolicySource(
        role=role, id=value(id), document=value(document), each=None if each is None else path(each)
    )


def back_ref(
    name: str, bearers: Valueish, *, kinds: Sequence[str], target: Valueish | None = None
) -> BackRef:
    """Refs that the listed resources get to this one, or to ``target``."""
    return BackRef(
        name=name,
        bearers=value(bearers),
        kinds=tuple(kinds),
        target=None if target is None else value(target),
    )


def kind(  # noqa: PLR0913 - the keywords of a declaration, nearly all optional
    name: str,
    *,
    labels: Sequence[Label] = (),
    call: Call | None,
    items: str,
    id: Valueish,  # noqa: A002 - the field's own name
    title: Valueish | None = None,
    parents: Sequence[str] = (),
    where: Valueish | None = None,
    account: Valueish = "scope:account",
    region: Valueish | None = None,
    labels_when: Mapping[Label, Valueish] | None = None,
    tables: Sequence[Table] = (),
    details: Sequence[Detail] = (),
    attrs: Mapping[str, Valueish] | None = None,
    refs: Mapping[str, Valueish | Sequence[Valueish]] | None = None,
    back_refs: Sequence[BackRef] = (),
    policies: Sequence[PolicySource] = (),
    tags: Valueish | None = None,
    net: Valueish | None = None,
    secret_bearing: Mapping[str, Valueish] | None = None,
    config: Sequence[Valueish] = (),
) -> Kind:
    """A Kind; where values are wanted, text is a path. ``refs`` may give several values for one name.

    ``region`` is by default the region of the call, or ``global`` where the call's scope is not a region.
    """
    return Kind(
        name=name,
        labels=tuple(sorted(labels)),
        call=call,
        items=path(items),
        parents=tuple(parents),
        where=None if where is None else value(where),
        id=value(id),
        title=value(id if title is None else title),
        account=value(account),
        region=None if region is None else value(region),
        labels_when=tuple(
            LabelWhen(label=label, value=value(test)) for label, test in sorted((labels_when or {}).items())
        ),
        tables=tuple(tables),
        details=tuple(details),
        attrs=_fields(attrs),
        refs=tuple(
            Field(name=ref, value=value(target))
            for ref, targets in sorted((refs or {}).items())
            for target in (targets if isinstance(targets, list | tuple) else (targets,))
        ),
        back_refs=tuple(back_refs),
        policies=tuple(policies),
        tags=None if tags is None else value(tags),
        net=None if net is None else value(net),
        secret_bearing=_fields(secret_bearing),
        config=tuple(value(each) for each in config),
    )


def _fields(given: Mapping[str, Valueish] | None) -> tuple[Field, ...]:
    return tuple(Field(name=name, value=value(each)) for name, each in sorted((given or {}).items()))
