"""Who we are, which accounts there are to read, and which regions each of them has."""

import difflib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    InvalidRegionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    UnknownRegionError,
)

from aisposture.collect.clients import AssumedRole, Caller, Clients, Frozen, Settings
from aisposture.collect.declare import call
from aisposture.collect.extract import Failure
from aisposture.collect.wire import CLOSED, EXPIRED, Wire
from aisposture.errors import ScanError, UsageError
from aisposture.model.ids import parse_arn
from aisposture.scope import AwsScope

IDENTITY = call("sts", "GetCallerIdentity", scope="account")
ASSUME = call("sts", "AssumeRole", scope="account")
REGIONS = call("ec2", "DescribeRegions", {"AllRegions": True}, scope="account")
_LOGINS = 16
ACCOUNTS = call("organizations", "ListAccounts", scope="account")


class Account(NamedTuple):
    """An account to read.

    Attributes:
        failure: why nobody could log in there; then there is no caller.
    """

    id: str
    name: str
    caller: Caller | None
    failure: Failure | None = None


class Regions(NamedTuple):
    """The regions of an account.

    Attributes:
        enabled: to be read, sorted.
        disabled: asked for, but not enabled.
        failure: why they could not be discovered; ``enabled`` is then what the SDK knows.
    """

    enabled: tuple[str, ...]
    disabled: tuple[str, ...] = ()
    failure: Failure | None = None


def connect(scope: AwsScope, settings: Settings) -> Clients:
    """The shared clients.

    Raises:
        UsageError: the profile or the region of the scope does not exist.
    """
    try:
        clients = Clients(scope, settings)
        known = clients.regions_of("ec2")
    except ProfileNotFound:
        raise UsageError(f"no AWS profile is called '{scope.profile}'{_known_profiles(scope)}") from None
    except (InvalidRegionError, UnknownRegionError) as error:
        raise UsageError(f"'{error.kwargs.get('region_name', scope.home_region)}' is no AWS region") from None
    except BotoCoreError as error:
        raise UsageError(f"the AWS configuration cannot be used: {_short(error)}") from None
    if clients.home_region not in known:
        raise UsageError(f"'{clients.home_region}' is no AWS region{_near(clients.home_region, known)}")
    return clients


def accounts(clients: Clients, scope: AwsScope) -> tuple[Account, ...]:
    """The accounts to read, sorted by id.

    Raises:
        UsageError: there are no credentials, or they are wrong.
        ScanError: nobody could log in, or the organisation's accounts could not be listed.
    """
    base = Caller("base", _own(clients))
    if scope.role is not None:
        base = Caller("base", AssumedRole(clients, base, scope.role, scope.external_id))
    own = _identity(clients, base, scope.role)
    home = Caller(own, base.credentials)
    if scope.organization:
        found = tuple(_members(clients, scope, home))
    elif scope.roles:
        wanted = dict.fromkeys(scope.roles, "")
        found = tuple(_logins(clients, scope, home, wanted))
    else:
        found = (Account(own, "", home),)
    if not any(account.caller for account in found):
        first = next((account.failure for account in found if account.failure), None)
        raise ScanError(
            f"none of {len(found)} accounts can be read: {first.needs if first else 'no account'}"
        )
    return tuple(sorted(found, key=lambda account: account.id))


def check_regions(wire: Wire, scope: AwsScope, found: tuple[Account, ...]) -> None:
    """Stop a scan of a region that does not exist; a region newer than the SDK is looked up.

    Raises:
        UsageError: neither the SDK nor the provider knows it.
    """
    known = set(wire.clients.regions_of("ec2"))
    if set(scope.regions) <= known:
        return
    caller = next(account.caller for account in found if account.caller is not None)
    known.update(_states(wire, caller).states)
    for region in scope.regions:
        if region not in known:
            raise UsageError(f"'{region}' is no AWS region{_near(region, sorted(known))}")


def regions(wire: Wire, scope: AwsScope, caller: Caller) -> Regions:
    """The regions of the caller's account to read."""
    told = _states(wire, caller)
    if told.failure is not None:
        known = scope.regions or wire.clients.regions_of("ec2")
        return Regions(tuple(sorted(known)), failure=told.failure)
    wanted = scope.regions or told.states
    return Regions(
        tuple(sorted(region for region in wanted if told.states.get(region, True))),
        tuple(sorted(region for region in scope.regions if not told.states.get(region, True))),
    )


class _States(NamedTuple):
    """Region -> whether the account has enabled it."""

    states: dict[str, bool]
    failure: Failure | None


def _states(wire: Wire, caller: Caller) -> _States:
    fetched = wire.fetch(caller, wire.clients.home_region, REGIONS, {"AllRegions": True})
    value = fetched.value if isinstance(fetched.value, dict) else {}
    states = {
        str(region.get("RegionName")): region.get("OptInStatus") != "not-opted-in"
        for region in value.get("Regions") or ()
        if wire.clients.is_ours(str(region.get("RegionName")))
    }
    return _States(states, fetched.failure)


def _own(clients: Clients) -> Frozen:
    try:
        return clients.base()
    except NoCredentialsError:
        raise UsageError(
            "no AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in"
        ) from None
    except PartialCredentialsError as error:
        raise UsageError(f"the AWS credentials are incomplete: {_short(error)}") from None
    except BotoCoreError as error:
        raise UsageError(f"the AWS credentials cannot be had: {_short(error)}") from None


def _identity(clients: Clients, base: Caller, role: str | None) -> str:
    fetched = Wire(clients).fetch(base, clients.home_region, IDENTITY, {})
    failure = fetched.failure
    if failure is None:
        account = str((fetched.value or {}).get("Account") or "")
        if not account.isdigit():
            raise ScanError("AWS does not say whose credentials these are: its answer names no account")
        return account
    if failure.code in EXPIRED:
        raise ScanError("the AWS credentials have expired: sign in again")
    if failure.code in CLOSED or failure.code == "SignatureDoesNotMatch":
        raise UsageError(f"AWS does not accept these credentials ({failure.code})")
    if failure.reason == "denied" and role:
        raise ScanError(f"the role {role} cannot be assumed ({failure.code})")
    raise ScanError(f"AWS does not say whose credentials these are: needs {failure.needs} ({failure.code})")


def _members(clients: Clients, scope: AwsScope, home: Caller) -> Iterator[Account]:
    fetched = Wire(clients).fetch(home, clients.home_region, ACCOUNTS, {})
    if fetched.failure is not None or not isinstance(fetched.value, dict):
        needs = fetched.failure.needs if fetched.failure else ACCOUNTS.permission
        raise ScanError(
            f"the accounts of the organisation cannot be listed from account {home.account}: needs {needs} in its management or a"
            " delegated administrator account"
        )
    listed = {str(each["Id"]): each for each in fetched.value.get("Accounts") or ()}
    if unknown := sorted(set(scope.accounts) - set(listed)):
        raise UsageError(f"account {unknown[0]} is not in the organisation")
    wanted: dict[str, str] = {}
    for number, each in sorted(listed.items()):
        if (scope.accounts and number not in scope.accounts) or each.get("Status", "ACTIVE") != "ACTIVE":
            continue
        name = str(each.get("Name") or "")
        if number == home.account:
            yield Account(number, name, home)
        else:
            wanted[f"arn:{clients.partition}:iam::{number}:role/{scope.role_name}"] = name
    yield from _logins(clients, scope, home, wanted)


def _logins(clients: Clients, scope: AwsScope, home: Caller, wanted: dict[str, str]) -> Iterator[Account]:
    """Log in through every role at once; ``wanted`` is role -> name of its account."""
    with ThreadPoolExecutor(_LOGINS) as pool:
        yield from pool.map(lambda role: _assumed(clients, scope, home, role, wanted[role]), wanted)


def _assumed(clients: Clients, scope: AwsScope, home: Caller, role: str, name: str) -> Account:
    parts = parse_arn(role)
    if parts is None:
        raise UsageError(f"'{role}' is no ARN of a role")
    caller = Caller(parts.account, AssumedRole(clients, home, role, scope.external_id))
    told = Wire(clients).fetch(caller, clients.home_region, IDENTITY, {}).failure
    if told is None:
        return Account(parts.account, name, caller)
    needs = f"sts:AssumeRole on {role}, and its trust in account {home.account}"
    return Account(
        parts.account, name, None, Failure(call=ASSUME.name, reason=told.reason, needs=needs, code=told.code)
    )


def _known_profiles(scope: AwsScope) -> str:
    import botocore.session

    return _near(scope.profile or "", botocore.session.Session().available_profiles)


def _near(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
