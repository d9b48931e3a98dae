"""Options that say what is to be read, shared by ``scan`` and ``doctor``."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from aisposture.errors import UsageError

if TYPE_CHECKING:
    from aisposture.scope import Scope


class Target(NamedTuple):
    """What the command line says is to be read; it stands over what a configuration says."""

    aws: bool
    given: dict[str, Any]
    no_input: bool

    def scope(self, config: Path | None) -> "Scope":
        """The scope of the file ``config`` with these options over it.

        Raises:
            FileError: the file cannot be read, or has a mistake.
            UsageError: options that contradict each other.
        """
        import msgspec

        from aisposture.scope import AwsScope, Scope, load

        if self.no_input:
            _never_ask()
        scope = load(config) if config is not None else Scope()
        changes = {name: value for name, value in self.given.items() if value}
        roles = changes.pop("roles", ())
        if len(roles) == 1:
            changes["role"] = roles[0]
        elif roles:
            changes["roles"] = roles
        if not (self.aws or changes):
            return scope
        aws = msgspec.structs.replace(scope.aws or AwsScope(), **changes)
        if aws.organization and not aws.role_name:
            raise UsageError("--organization needs --role-name, the role to assume in each account")
        if aws.organization and aws.roles:
            raise UsageError("give either --organization or several --role, not both")
        if aws.role_name and not aws.organization:
            raise UsageError("--role-name needs --organization")
        return msgspec.structs.replace(scope, aws=aws)


def target(command: Callable[..., int]) -> Callable[..., int]:
    """Options that say what is to be read, handed over as ``target``."""

    @click.option("--aws", is_flag=True, help="Read AWS (the default where nothing else is named).")
    @click.option("--profile", help="AWS: named profile of the shared configuration.")
    @click.option(
        "--role",
        "roles",
        multiple=True,
        metavar="ARN",
        help="AWS: role to assume first; given several times: one for each account to read.",
    )
    @click.option("--organization", is_flag=True, help="AWS: every active account of the organisation.")
    @click.option("--role-name", help="AWS: name of the role to assume in each account of the organisation.")
    @click.option("--external-id", help="AWS: external id sent when a role is assumed.")
    @click.option(
        "--region",
        "regions",
        multiple=True,
        help="AWS: region to read; repeatable; default: all that are enabled.",
    )
    @click.option("--no-input", is_flag=True, help="Fail rather than ask for anything, such as an MFA code.")
    @wraps(command)
    def made(*, aws: bool, no_input: bool, **rest: Any) -> int:
        given = {name: rest.pop(name) for name in _NAMES}
        return command(target=Target(aws, given, no_input), **rest)

    return made


_NAMES = ("profile", "roles", "organization", "role_name", "external_id", "regions")


def _never_ask() -> None:
    """SDKs ask for MFA codes through ``getpass``; from here on that is an error."""
    import getpass

    def refuse(prompt: str = "", *_args: object, **_rest: object) -> NoReturn:
        raise UsageError(f"--no-input: the credentials ask for something ({prompt.strip(' :')})")

    getpass.getpass = refuse
