"""What the current credentials cannot see: one cheap read per service and account, and why it failed."""

from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from aisposture.collect import kinds_of
from aisposture.collect.declare import Call
from aisposture.collect.extract import Failure, depends, filled
from aisposture.collect.job import Family
from aisposture.errors import MissingExtra, UsageError
from aisposture.scope import Scope


class Check(Struct, frozen=True, kw_only=True):
    """One read that was tried.

    Attributes:
        ok: it was answered; then all that follows is empty.
        reason, needs, detail: as in a Gap.
        hides: the kinds that a scan could not read.
    """

    account: str
    service: str
    call: str
    ok: bool
    reason: str = ""
    needs: str = ""
    detail: str = ""
    hides: tuple[str, ...] = ()


def doctor_aws(scope: Scope) -> tuple[Check, ...]:
    """Try one read of every service in every account of ``scope``, at its home region; sorted by account and service.

    Raises:
        UsageError, ScanError: as ``collect_aws``.
        MissingExtra: the AWS SDK is not installed.
    """
    try:
        from aisposture.collect.accounts import ASSUME, accounts, connect
        from aisposture.collect.clients import Caller, Settings
        from aisposture.collect.wire import Wire
    except ModuleNotFoundError as error:
        raise MissingExtra("aws", "asking AWS") from error
    if scope.aws is None:
        raise UsageError("the scope names no AWS accounts")
    family = Family(kinds_of("aws"))
    clients = connect(scope.aws, Settings(attempts=3))
    try:
        wire = Wire(clients)

        def tried(caller: Caller, call: Call) -> Check:
            params = {name: filled(param, {}) for name, param in call.params}
            fetched = wire.fetch(caller, clients.home_region, call, params, taste=True)
            return _check(caller.account, call, fetched.failure, _kinds(family, call.service))

        found = accounts(clients, scope.aws)
        checks = [
            _check(account.id, ASSUME, account.failure, family.everything)
            for account in found
            if account.caller is None
        ]
        calls = _first_calls(family)
        with ThreadPoolExecutor(16) as pool:
            asked = [
                pool.submit(tried, account.caller, call)
                for account in found
                if account.caller is not None
                for call in calls
            ]
            checks += [each.result() for each in asked]
    finally:
        clients.close()
    return tuple(sorted(checks, key=lambda check: (check.account, check.service)))


def _first_calls(family: Family) -> list[Call]:
    """One list call per service that needs no item."""
    first: dict[str, Call] = {}
    for kind in family.roots:
        if kind.call is not None and not depends(kind.call.params):
            first.setdefault(kind.call.service, kind.call)
    return list(first.values())


def _kinds(family: Family, service: str) -> tuple[str, ...]:
    own = [kind for kind in family.roots if kind.call is not None and kind.call.service == service]
    return tuple(sorted({name for kind in own for name in family.below(kind)}))


def _check(account: str, call: Call, failure: Failure | None, hides: tuple[str, ...]) -> Check:
    if failure is None:
        return Check(account=account, service=call.service, call=call.name, ok=True)
    return Check(
        account=account,
        service=call.service,
        call=call.name,
        ok=False,
        reason=failure.reason,
        needs=failure.needs,
        detail=failure.code,
        hides=hides,
    )
