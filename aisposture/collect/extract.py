"""Values read out of answers: paths walked, templates filled, functions applied, each with where it came from."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from aisposture.collect.declare import Computed, Const, Frozen, Path, Template, Unread, Value
from aisposture.model.resource import CallRecord

Reason = Literal["denied", "throttled", "failed", "unsupported", "disabled"]


class Failure(Struct, frozen=True, kw_only=True):
    """Why an answer was not read; the seed of a Gap.

    Attributes:
        call: operation, as in ``CallRecord.operation``.
        code: the provider's error code, for people.
    """

    call: str
    reason: Reason
    needs: str
    code: str


class Answer(NamedTuple):
    """A source of values.

    Attributes:
        value: what was answered; None where nothing is configured.
        record: the call.
        pointer: JSON pointer of ``value`` in the call's answer.
        rows: for a table: the pointers of the elements of ``value``.
        failure: why there is no value.
    """

    value: Any
    record: CallRecord
    pointer: str = ""
    rows: tuple[str, ...] | None = None
    failure: Failure | None = None


Sources = Mapping[str, Answer]


class Reading(NamedTuple):
    """A value with its origin."""

    value: Any
    record: CallRecord
    pointer: str


class Hidden(Exception):  # noqa: N818 - a signal inside this package, not an error
    """The value stands in an answer that was not read."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.call)


def read(wanted: Value, sources: Sources) -> Reading:
    """The value ``wanted`` and where it was read.

    Raises:
        Hidden: an answer that it needs was not read, or had an unexpected shape.
    """
    item = sources["item"]
    if isinstance(wanted, Const):
        return Reading(wanted.value, item.record, item.pointer)
    if isinstance(wanted, Path):
        reading = _path(wanted, sources)
        return reading if wanted.source != "scope" else Reading(reading.value, item.record, item.pointer)
    paths = wanted.paths if isinstance(wanted, Template) else wanted.reads
    readings = [_path(each, sources) for each in paths]
    # What the scope says is no evidence: it was in no answer.
    told = [reading for each, reading in zip(paths, readings, strict=True) if each.source != "scope"]
    nothing = Reading(None, item.record, item.pointer)
    origin = next((reading for reading in told if reading.value is not None), told[0] if told else nothing)
    value = _combined(wanted, [reading.value for reading in readings], origin)
    return Reading(value, origin.record, origin.pointer)


def _combined(wanted: Template | Computed, values: list[Any], origin: Reading) -> Any:
    if isinstance(wanted, Template):
        if any(value is None for value in values):
            return None
        return wanted.literals[0] + "".join(
            f"{value}{literal}" for value, literal in zip(values, wanted.literals[1:], strict=True)
        )
    try:
        return wanted.function(*values)
    except Unread as unread:
        raise Hidden(
            Failure(
                call=origin.record.operation,
                reason="denied" if unread.denied else "unsupported",
                needs=unread.needs,
                code="",
            )
        ) from None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise Hidden(unexpected(origin.record.operation, type(error).__name__)) from None


def unexpected(call: str, what: str) -> Failure:
    """An answer came, but not in the shape that its documentation promises."""
    return Failure(call=call, reason="failed", needs="an answer in the documented shape", code=what)


def elements(wanted: Path, sources: Sources) -> Iterator[Reading]:
    """The items at ``wanted``: elements of lists, values of maps at ``*``, or the one object that stands there.

    Raises:
        Hidden: the answer was not read.
    """
    answer = _source(wanted, sources)
    found = [(answer.value, answer.pointer)]
    for step in wanted.steps:
        found = [deeper for value, pointer in found for deeper in _step(value, pointer, step)]
    return (Reading(value, answer.record, pointer) for value, pointer in found if value is not None)


def sources_of(wanted: Value) -> frozenset[str]:
    """The names of the sources that ``wanted`` reads."""
    if isinstance(wanted, Path):
        return frozenset((wanted.source,))
    if isinstance(wanted, Const):
        return frozenset()
    return frozenset(each.source for each in (wanted.paths if isinstance(wanted, Template) else wanted.reads))


def filled(param: Any, sources: Sources) -> Any:
    """A declared parameter with its paths replaced by values; a parameter that is None is left out by the caller.

    Raises:
        Hidden: a value that it needs was not read.
    """
    if isinstance(param, Path | Template | Computed | Const):
        return read(param, sources).value
    if isinstance(param, Frozen):
        return {name: filled(each, sources) for name, each in param.items}
    if isinstance(param, tuple):
        return [filled(each, sources) for each in param]
    return param


def depends(param: Any) -> bool:
    """Whether a declared parameter is filled in from an item."""
    if isinstance(param, Frozen):
        return any(depends(each) for _, each in param.items)
    if isinstance(param, tuple):
        return any(depends(each) for each in param)
    return isinstance(param, Path | Template | Computed)


def escaped(name: str) -> str:
    """``name`` as a reference token of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _source(wanted: Path, sources: Sources) -> Answer:
    answer = sources[wanted.source]
    if answer.failure is not None:
        raise Hidden(answer.failure)
    return answer


def _path(wanted: Path, sources: Sources) -> Reading:
    answer = _source(wanted, sources)
    value, pointer = answer.value, answer.pointer
    steps = wanted.steps
    if answer.rows is not None and steps and isinstance(steps[0], int):
        place = steps[0]
        if not -len(answer.rows) <= place < len(answer.rows):
            return Reading(None, answer.record, pointer)
        value, pointer, steps = value[place], answer.rows[place], steps[1:]
    elif answer.rows:
        pointer = answer.rows[0]
    for number, step in enumerate(steps):
        if step == "*":
            return Reading(_spread(value, steps[number:]), answer.record, pointer)
        deeper = next(_step(value, pointer, step), None)
        if deeper is None:
            return Reading(None, answer.record, pointer)
        value, pointer = deeper
    return Reading(value, answer.record, pointer)


def _spread(value: Any, steps: tuple[str | int, ...]) -> list[Any] | None:
    if value is None:
        return None
    found = [(value, "")]
    for step in steps:
        found = [deeper for each, pointer in found for deeper in _step(each, pointer, step)]
    return [each for each, _ in found if each is not None]


def _step(value: Any, pointer: str, step: str | int) -> Iterator[tuple[Any, str]]:
    if step == "*":
        if isinstance(value, Mapping):
            for name in sorted(value):
                yield value[name], f"{pointer}/{escaped(name)}"
        elif isinstance(value, list | tuple):
            for place, each in enumerate(value):
                yield each, f"{pointer}/{place}"
    elif isinstance(step, int):
        if isinstance(value, list | tuple) and -len(value) <= step < len(value):
            yield value[step], f"{pointer}/{step % len(value)}"
    elif isinstance(value, Mapping) and step in value:
        yield value[step], f"{pointer}/{escaped(step)}"
