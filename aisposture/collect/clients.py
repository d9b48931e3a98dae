"""AWS clients shared by all accounts: one per service and region; credentials are chosen request by request."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import botocore.session
import msgspec
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError, UnknownRegionError
from botocore.parsers import ResponseParserError

import aisposture
from aisposture.collect.guard import check_aws
from aisposture.collect.throttle import Buckets
from aisposture.scope import EVERY_SERVICE, AwsScope

SESSION_NAME = "aisposture"
"""Role session name of every assumed role, so that an audit log shows who read."""

USER_AGENT = f"aisposture/{aisposture.__version__}"
"""The one user agent of every request."""

_EARLY = timedelta(minutes=5)
_PAGES = (b"<!doctype", b"<html")
_THROTTLED = frozenset((429, 503))

Frozen = Callable[[], ReadOnlyCredentials]


class Settings(NamedTuple):
    """How hard a scan works.

    Attributes:
        workers: calls under way at once.
        attempts: tries per call, the first included; None: ``AWS_MAX_ATTEMPTS`` or else 6.
        connect_timeout, read_timeout: seconds.
    """

    workers: int = 48
    attempts: int | None = None
    connect_timeout: float = 10
    read_timeout: float = 60


class Caller(NamedTuple):
    """On whose behalf a request is made."""

    account: str
    credentials: Frozen


_caller: ContextVar[Caller] = ContextVar("aisposture_caller")


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Requests of this thread are made as ``caller``."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


class _ContextCredentials(Credentials):
    """Credentials that are whatever the thread's caller has."""

    def __init__(self) -> None:
        super().__init__("context", "context", method="aisposture")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return _caller.get().credentials()


class _ContextProvider(CredentialProvider):
    METHOD = "aisposture"

    def load(self) -> Credentials:
        return _ContextCredentials()


class AssumedRole:
    """Credentials of a role, renewed before they end; thread-safe."""

    def __init__(self, clients: "Clients", base: Caller, role: str, external_id: str | None) -> None:
        self.role = role
        self._clients = clients
        self._base = base
        self._external_id = external_id
        self._held: tuple[ReadOnlyCredentials, datetime] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> ReadOnlyCredentials:
        """Credentials that are good for some minutes more; raises what the SDK raises where the role says no."""
        with self._lock:
            if self._held is None or self._held[1] - datetime.now(UTC) < _EARLY:
                self._held = self._assume()
            return self._held[0]

    def _assume(self) -> tuple[ReadOnlyCredentials, datetime]:
        params = {"RoleArn": self.role, "RoleSessionName": SESSION_NAME}
        if self._external_id:
            params["ExternalId"] = self._external_id
        with calling(self._base):
            client = self._clients.client("sts", self._clients.home_region)
            found = client.assume_role(**params)["Credentials"]
        keys = ReadOnlyCredentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        return keys, found["Expiration"]


class Clients:
    """Makes and keeps clients; every request of theirs passes the guard and its token bucket, and is counted."""

    def __init__(self, scope: AwsScope, settings: Settings) -> None:
        """Raises what botocore raises for an unknown profile."""
        self.scope = scope
        self._user = botocore.session.Session(profile=scope.profile)
        self._user.user_agent_name = "aisposture"
        self._user.register("before-send", self._before_send_own)
        region = scope.home_region or self._user.get_config_variable("region") or "us-east-1"
        self.partition = self._user.get_partition_for_region(region)
        self.region = region
        self._session = botocore.session.Session(profile=scope.profile)
        self._session.register_component("credential_provider", CredentialResolver([_ContextProvider()]))
        attempts = settings.attempts or (None if self._session.get_config_variable("max_attempts") else 6)
        self._config: dict[str, Any] = {
            "user_agent": USER_AGENT,
            "connect_timeout": settings.connect_timeout,
            "read_timeout": settings.read_timeout,
            "max_pool_connections": settings.workers,
            "parameter_validation": False,
            "tcp_keepalive": True,
            "account_id_endpoint_mode": "disabled",
            "retries": {"mode": "standard", **({"total_max_attempts": attempts} if attempts else {})},
        }
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._buckets = Buckets()
        self.requests = 0
        self._counter = threading.Lock()

    @property
    def home_region(self) -> str:
        """Where global services are asked."""
        return self.region

    def base(self) -> Frozen:
        """The user's own credentials.

        Raises what botocore raises where there are none, or they cannot be had.
        """
        credentials = self._user.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return lambda: credentials.get_frozen_credentials()  # noqa: PLW0108 - renewed at each use

    def regions_of(self, service: str) -> list[str]:
        """The regions that the SDK knows ``service`` to have."""
        known: list[str] = self._session.get_available_regions(service, self.partition)
        return known

    def is_ours(self, region: str) -> bool:
        """Whether ``region`` belongs to the partition that is scanned."""
        try:
            return bool(self._session.get_partition_for_region(region) == self.partition)
        except UnknownRegionError:
            return False

    def client(self, service: str, region: str) -> Any:
        """The client of ``service`` in ``region``."""
        with self._lock:
            made = self._clients.get((service, region))
            if made is None:
                made = self._made(service, region)
                self._clients[service, region] = made
            return made

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for made in self._clients.values():
                made.close()
            self._clients.clear()

    def _made(self, service: str, region: str) -> Any:
        endpoint = self.scope.endpoints.get(service, self.scope.endpoints.get(EVERY_SERVICE))
        made = self._session.create_client(
            service, region_name=region, endpoint_url=endpoint, config=Config(**self._config)
        )
        if endpoint is None and not _is_provider(made.meta.endpoint_url):
            endpoint = made.meta.endpoint_url
        if endpoint is not None and service in {"s3", "s3control"}:
            made.close()
            made = self._session.create_client(
                service,
                region_name=region,
                endpoint_url=endpoint,
                config=Config(**self._config, s3={"addressing_style": "path"}),
            )
        events = made.meta.events
        if endpoint is not None and service == "s3control":
            events.register("before-sign.s3-control", _without_account_host(endpoint))
        events.register_last(
            "before-send", lambda request, event_name, **_: self._before_send(service, event_name, request)
        )
        events.register("before-parse", _whole)
        events.register(
            "response-received",
            lambda response_dict, **_: self._received(service, response_dict),
        )
        return made

    def _before_send(self, service: str, event_name: str, request: Any) -> None:
        check_aws(service, event_name.rpartition(".")[2], request.headers, request.body)
        self._buckets.of(_caller.get().account, service).take()
        with self._counter:
            self.requests += 1

    def _before_send_own(self, **event: Any) -> None:
        """Requests that the SDK makes by itself to get the user's credentials."""
        event_name, request = event["event_name"], event["request"]
        _, service, operation = event_name.split(".", 2)
        check_aws(service, operation, request.headers, request.body)

    def _received(self, service: str, response: dict[str, Any] | None) -> None:
        throttled = response is not None and response.get("status_code") in _THROTTLED
        self._buckets.of(_caller.get().account, service).heard(throttled=throttled)


def _whole(**event: Any) -> None:
    """Stop a good answer whose body is none: the SDK would read it as an answer without items.

    Raises:
        ResponseParserError: the body is empty, a web page, or not the JSON that the protocol promises.
    """
    response, model = event["response_dict"], event["operation_model"]
    body = response["body"]
    if response["status_code"] >= 300 or not isinstance(body, bytes) or model.has_streaming_output:
        return
    if body.lstrip()[:9].lower().startswith(_PAGES) or not body.strip():
        raise ResponseParserError(f"{model.name}: the body is no answer")
    if "json" in model.service_model.resolved_protocol:
        try:
            msgspec.json.decode(body, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError):
            raise ResponseParserError(f"{model.name}: the body is no JSON") from None


def _is_provider(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonaws.eu")) or host == ""


def _without_account_host(endpoint: str) -> Callable[..., None]:
    authority = urlsplit(endpoint).netloc

    def restore(**event: Any) -> None:
        request = event["request"]
        parts = urlsplit(request.url)
        if parts.netloc != authority and parts.netloc.endswith(authority):
            request.url = urlunsplit(parts._replace(netloc=authority))

    return restore
