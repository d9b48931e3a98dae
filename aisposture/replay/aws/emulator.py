"""moto inside this process: reset, made repeatable, and asked one request at a time."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, RLock
from typing import Any, ClassVar

from aisposture.errors import AispostureError, MissingExtra
from aisposture.replay.aws.wire import Answer, Call

_SETTINGS = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_ALLOW_NONEXISTENT_REGION": "false"}
_READS = ("Describe", "Get", "List", "Head", "Search", "Batch")
_ONE_AT_A_TIME = Lock()

PINS = {
    "account": "moto.organizations.utils.make_random_account_id",
    "organization": "moto.organizations.utils.make_random_org_id",
    "root": "moto.organizations.utils.make_random_root_id",
    "unit": "moto.organizations.utils.make_random_ou_id",
    "policy": "moto.organizations.utils.make_random_policy_id",
    "key": "moto.kms.models.generate_key_id",
}
"""Ids that a seed may choose, with the function that would draw them."""


class Emulator:
    """moto's whole set of services behind one lock: its backends are not made for concurrent callers.

    moto keeps its state in modules, so only one emulator lives in a process at a time.

    Raises:
        MissingExtra: moto's server is not installed.
        AispostureError: another emulator is running in this process.
    """

    def __init__(self) -> None:
        try:
            from moto.core.config import default_user_config
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        except ImportError as problem:
            raise MissingExtra("demo", "the local AWS") from problem
        if not _ONE_AT_A_TIME.acquire(blocking=False):
            raise AispostureError("a local AWS is already running in this process; stop it first")
        self._lock = RLock()

        class Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]
            # moto lists its own folders anew for every request.
            known: ClassVar[dict[str | None, Any]] = {}

            def get_backend_for_host(self, host: str | None) -> Any:
                if host not in self.known:
                    self.known[host] = super().get_backend_for_host(host)
                return self.known[host]

        self._app = Dispatcher(create_backend_app)
        self._writes: dict[str, int] = {}
        self._bare: set[tuple[str, str]] = set()
        self._saved = {name: os.environ.get(name) for name in _SETTINGS}
        self._managed = default_user_config["iam"]["load_aws_managed_policies"]
        os.environ.update(_SETTINGS)
        default_user_config["iam"]["load_aws_managed_policies"] = True
        self._reset()

    def close(self) -> None:
        """Forgets everything that was made, and gives the process back as it was."""
        from moto.core.config import default_user_config

        self._reset()
        default_user_config["iam"]["load_aws_managed_policies"] = self._managed
        for name, value in self._saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _ONE_AT_A_TIME.release()

    @staticmethod
    def _reset() -> None:
        from moto.core.base_backend import BackendDict, BaseBackend

        for by_account in list(BackendDict._instances):  # noqa: SLF001 - moto's own reset makes all anew, which takes seconds
            for by_region in list(by_account.values()):
                for backend in list(by_region.values()):
                    # Those with a reset of their own hold files.
                    if type(backend).reset is not BaseBackend.reset:
                        backend.reset()
            by_account.clear()
        BackendDict._instances.clear()  # noqa: SLF001

    @contextmanager
    def pinned(self, ids: dict[str, str]) -> Iterator[None]:
        """While it lasts, moto gives out ``ids`` (keys of ``PINS``) instead of drawing them; for one caller at a time."""
        from importlib import import_module

        before = []
        try:
            for name, value in ids.items():
                module, _, function = PINS[name].rpartition(".")
                place = import_module(module)
                before.append((place, function, getattr(place, function)))
                setattr(place, function, lambda *_args, _value=value, **_kwargs: _value)
            yield
        finally:
            for place, function, original in before:
                setattr(place, function, original)

    def ask(self, call: Call, environ: dict[str, Any]) -> Answer:
        """The answer of moto to a request. Ids in it depend only on account, region, service and the writes before it there.

        Whatever moto itself raises leaves here as it is.
        """
        from moto.moto_api._internal import mock_random
        from werkzeug.test import run_wsgi_app

        place = f"{call.account}/{call.region}/{call.service}"
        with self._lock:
            mock_random.seed(f"{place}/{self._writes.get(place, 0)}")
            if not call.operation.startswith(_READS):
                self._writes[place] = self._writes.get(place, 0) + 1
            environ["wsgi.input"].seek(0)
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
            body, status, headers = run_wsgi_app(self._app, environ, buffered=True)
            content = b"".join(body)
        return Answer(int(status.split()[0]), content, dict(headers))

    def ask_path(self, call: Call, method: str, path: str, environ: dict[str, Any]) -> Answer:
        """The answer to another request without a body, by the same caller to the same service."""
        other = {
            **environ,
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "RAW_URI": path,
            "REQUEST_URI": path,
            "QUERY_STRING": "",
            "CONTENT_LENGTH": "0",
            "wsgi.input": io.BytesIO(),
        }
        return self.ask(call, other)

    def account_of(self, access_key: str) -> str:
        """The account in which an access key was made, moto's default account for one that nobody made."""
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.iam import iam_backends

        with self._lock:
            # moto's own search makes a backend with all managed policies for every partition on its way.
            for account, partitions in dict.items(iam_backends):
                if "aws" in dict.keys(partitions) and access_key in partitions["aws"].access_keys:
                    return str(account)
        return str(DEFAULT_ACCOUNT_ID)

    def backend(self, service: str, account: str, region: str) -> Any:
        """The object that moto has for a service in an account; ``region`` is ``aws`` where the service is global."""
        from moto.backends import get_backend

        with self._lock:
            return get_backend(service)[account][region]

    def drop_default_network(self, account: str, region: str) -> None:
        """Takes away the default VPC that moto gives each region, once per account and region."""
        with self._lock:
            if (account, region) in self._bare:
                return
            self._bare.add((account, region))
            from moto.moto_api._internal import mock_random

            mock_random.seed(f"{account}/{region}/ec2/network")
            ec2 = self.backend("ec2", account, region)
            ec2.vpcs.clear()
            ec2.subnets.clear()
            ec2.route_tables.clear()
            ec2.network_acls.clear()
            ec2.groups.clear()

    def name_management_account(self, account: str, *, name: str, email: str) -> None:
        """Gives the management account its name and address: moto calls each of them ``master``."""
        with self._lock:
            organizations = self.backend("organizations", account, "aws")
            for one in organizations.accounts:
                if one.id == account:
                    one.name, one.email = name, email
            if organizations.org is not None:
                organizations.org.master_account_email = email
