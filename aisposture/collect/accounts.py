"""Who we are, which accounts there are to read, and which regions each of them has."""

import difflib
from collections.abc import Iterator
from typing import NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidRegionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from aisposture.collect.clients import AssumedRole, Caller, Clients, Frozen, Settings, calling
from aisposture.collect.declare import call
from aisposture.collect.extract import Failure
from aisposture.collect.wire import CLOSED, EXPIRED, Wire, failure_of
from aisposture.errors import AispostureError, ScanError, UsageError
from aisposture.model.ids import parse_arn
from aisposture.scope import AwsScope

IDENTITY = call("sts", "GetCallerIdentity", scope="account")
ASSUME = call("sts", "AssumeRole", scope="account")
REGIONS = call("ec2", "DescribeRegions", {"AllRegions": True}, scope="account")
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
    except InvalidRegionError:
        raise UsageError(f"'{scope.home_region}' is no name of an AWS region") from None
    except BotoCoreError as error:
        raise UsageError(f"the AWS configuration cannot be used: {_short(error)}") from None
    for region in (clients.home_region, *scope.regions):
        if region not in known:
            raise UsageError(f"'{region}' is no AWS region{_near(region, known)}")
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
        found = tuple(_assumed(clients, scope, home, role, "") for role in dict.fromkeys(scope.roles))
    else:
        found = (Account(own, "", home),)
    if not any(account.caller for account in found):
        first = next((account.failure for account in found if account.failure), None)
        raise ScanError(
            f"none of {len(found)} accounts can be read: {first.needs if first else 'no account'}"
        )
    return tuple(sorted(found, key=lambda account: account.id))


def regions(wire: Wire, scope: AwsScope, account: Account) -> Regions:
    """The regions of ``account`` to read.

    Raises:
        ScanError: the account has no caller.
    """
    if account.caller is None:
        raise ScanError(f"account {account.id} has no credentials")
    fetched = wire.fetch(account.caller, wire.clients.home_region, REGIONS, {"AllRegions": True})
    if fetched.failure is not None or not isinstance(fetched.value, dict):
        return Regions(
            tuple(sorted(scope.regions or wire.clients.regions_of("ec2"))), failure=fetched.failure
        )
    state = {
        str(region.get("RegionName")): region.get("OptInStatus") != "not-opted-in"
        for region in fetched.value.get("Regions") or ()
    }
    if not scope.regions:
        return Regions(tuple(sorted(region for region, enabled in state.items() if enabled)))
    return Regions(
        tuple(sorted(region for region in scope.regions if state.get(region, True))),
        tuple(sorted(region for region in scope.regions if not state.get(region, True))),
    )


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
    try:
        with calling(base):
            answer = clients.client("sts", clients.home_region).get_caller_identity()
    except AispostureError:
        raise
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code in EXPIRED:
            raise ScanError("the AWS credentials have expired: sign in again") from None
        if code in CLOSED or code == "SignatureDoesNotMatch":
            raise UsageError(f"AWS does not accept these credentials ({code})") from None
        who = f"the role {role} cannot be assumed" if role else "AWS does not say whose credentials these are"
        raise ScanError(f"{who} ({code})") from None
    except BotoCoreError as error:
        raise ScanError(f"AWS cannot be asked: {_short(error)}") from None
    return str(answer["Account"])


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
    for number, each in sorted(listed.items()):
        if (scope.accounts and number not in scope.accounts) or each.get("Status", "ACTIVE") != "ACTIVE":
            continue
        if number == home.account:
            yield Account(number, str(each.get("Name") or ""), home)
        else:
            role = f"arn:{clients.partition}:iam::{number}:role/{scope.role_name}"
            yield _assumed(clients, scope, home, role, str(each.get("Name") or ""))


def _assumed(clients: Clients, scope: AwsScope, home: Caller, role: str, name: str) -> Account:
    parts = parse_arn(role)
    if parts is None:
        raise UsageError(f"'{role}' is no ARN of a role")
    credentials = AssumedRole(clients, home, role, scope.external_id)
    try:
        credentials()
    except AispostureError:
        raise
    except (BotoCoreError, ClientError) as error:
        told = failure_of(error, ASSUME)
        needs = f"sts:AssumeRole on {role}, and its trust in account {home.account}"
        failure = Failure(call=told.call, reason=told.reason, needs=needs, code=told.code)
        return Account(parts.account, name, None, failure)
    return Account(parts.account, name, Caller(parts.account, credentials))


def _known_profiles(scope: AwsScope) -> str:
    import botocore.session

    return _near(scope.profile or "", botocore.session.Session().available_profiles)


def _near(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
