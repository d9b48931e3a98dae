"""The one place where a call meets AWS: pages joined, provider exceptions turned into values."""

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    PaginationError,
    ReadTimeoutError,
    UnknownServiceError,
)
from botocore.exceptions import ConnectionError as ConnectionFailed
from botocore.parsers import ResponseParserError

from aisposture.collect.clients import Caller, Clients, calling
from aisposture.collect.declare import Call
from aisposture.collect.extract import Failure, Reason
from aisposture.errors import AispostureError
from aisposture.model.inventory import encode
from aisposture.model.resource import CallRecord

THROTTLED = frozenset(
    (
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        "429",
    )
)
DENIED = frozenset(
    (
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedForDependencyException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "ForbiddenException",
        "UnauthorizedOperation",
        "UnauthorizedException",
        "NotAuthorized",
        "403",
    )
)
CLOSED = frozenset(("AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "OptInRequired"))
"""What a region says that the account has not enabled; elsewhere the credentials themselves are refused."""

EXPIRED = frozenset(("ExpiredToken", "ExpiredTokenException", "RequestExpired"))
UNSUPPORTED = frozenset(
    (
        "UnsupportedOperation",
        "UnsupportedOperationException",
        "UnknownOperationException",
        "UnknownOperation",
        "InvalidAction",
        "NotImplemented",
        "MethodNotAllowed",
        "501",
    )
)
DISABLED = frozenset(
    ("SubscriptionRequiredException", "OptInRequiredException", "AccountNotRegisteredException")
)

_LAYER = re.compile(
    r"(?:explicit deny in|no) (?:a |an )?(service control policy|resource control policy|permissions boundary|session policy"
    r"|VPC endpoint policy|resource-based policy)"
)
_WAITS = (0.5, 1.0, 2.0, 2.0, 4.0, 4.0, 8.0)
"""Seconds between questions for a report that the provider is still writing."""


class Fetched(NamedTuple):
    """What a call brought: a value, a failure, or both (the pages before a failure).

    Attributes:
        value: the answer, its pages joined; None where nothing is configured, or nothing was read.
    """

    value: Any
    record: CallRecord
    failure: Failure | None = None


class Wire:
    """Makes calls; the only catcher of the provider's exceptions."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients

    def fetch(
        self, caller: Caller, region: str, call: Call, params: Mapping[str, Any], *, taste: bool = False
    ) -> Fetched:
        """Make ``call`` with the filled-in ``params`` as ``caller``; only its first page for a ``taste``.

        Raises:
            WriteAttempt: the call is no declared read.
        """
        record = CallRecord(
            operation=call.name,
            parameters=encode(params).decode(),
            account=caller.account,
            region=region,
            seen_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        pages: list[dict[str, Any]] = []
        waits = iter(_WAITS)
        with calling(caller):
            while True:
                failure = self._attempt(region, call, params, pages, taste=taste)
                if failure is None or failure.code in call.absent:
                    break
                pause = next(waits, None) if failure.code in call.pending else None
                if pause is None:
                    break
                if refused := self._attempt(region, _preparation(call), {}, []):
                    failure = refused
                    break
                time.sleep(pause)
        if failure is not None and failure.code in call.absent and not pages:
            return Fetched(None, record)
        return Fetched(joined(pages), record, failure)

    def _attempt(
        self,
        region: str,
        call: Call,
        params: Mapping[str, Any],
        pages: list[dict[str, Any]],
        *,
        taste: bool = False,
    ) -> Failure | None:
        try:
            for page in self._pages(self.clients.client(call.service, region), call, params):
                pages.append(page)
                if taste:
                    break
        except AispostureError:
            raise
        except (BotoCoreError, ClientError, HTTPClientError) as error:
            return failure_of(error, call)
        except (
            AttributeError,
            LookupError,
            RecursionError,
            ResponseParserError,
            TypeError,
            ValueError,
        ) as error:
            # The SDK's parsers raise these on bodies that are not what the service model promises.
            return Failure(
                call=call.name,
                reason="failed",
                needs="an answer that can be parsed",
                code=type(error).__name__,
            )
        return None

    def _pages(self, client: Any, call: Call, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        method = xform_name(call.operation)
        if not hasattr(client, method):
            raise UnknownServiceError(service_name=call.name, known_service_names="")
        if not client.can_paginate(method):
            yield _body(getattr(client, method)(**params))
            return
        config = {"PageSize": call.page_size} if call.page_size else {}
        seen: set[bytes] = set()
        for page in client.get_paginator(method).paginate(**params, PaginationConfig=config):
            body = _body(page)
            mark = hashlib.blake2b(repr(body).encode("utf-8", "replace")).digest()
            if mark in seen:
                raise PaginationError(message="the provider repeats its pages")
            seen.add(mark)
            yield body


def failure_of(error: Exception, call: Call) -> Failure:
    """The provider's exception as a value."""
    reason, needs, code = _told(error, call)
    return Failure(call=call.name, reason=reason, needs=needs, code=code)


def _told(error: Exception, call: Call) -> tuple[Reason, str, str]:
    if isinstance(error, ClientError):
        return _answered(error, call)
    name = type(error).__name__
    if isinstance(error, UnknownServiceError):
        return "unsupported", f"a newer boto3, which knows {call.name}", name
    if isinstance(error, ReadTimeoutError):
        return "failed", "an answer in time: raise the timeout or try again", name
    if isinstance(error, EndpointConnectionError | ConnectionFailed | HTTPClientError):
        return "failed", "a connection to the service's endpoint", name
    if isinstance(error, PaginationError):
        return "failed", "pages that come to an end", name
    return "failed", "credentials and answers that the SDK accepts", name


def _answered(error: ClientError, call: Call) -> tuple[Reason, str, str]:
    code = str(error.response.get("Error", {}).get("Code") or "unknown")
    message = str(error.response.get("Error", {}).get("Message") or "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    told: tuple[Reason, str]
    if code in THROTTLED or status == 429:
        told = "throttled", f"a higher rate of {call.service} calls: try again"
    elif code in EXPIRED:
        told = "failed", "credentials that have not expired"
    elif code in CLOSED:
        told = "denied", f"{call.permission}, in a region that the account has enabled"
    elif code in DISABLED:
        told = "disabled", f"the service {call.service} switched on"
    elif code in DENIED or (status == 403 and code not in UNSUPPORTED):
        layer = _LAYER.search(message)
        told = "denied", f"{call.permission} ({layer[1]} refuses it)" if layer else call.permission
    elif code in UNSUPPORTED or status == 501:
        told = "unsupported", f"an endpoint that answers {call.name}"
    else:
        told = "failed", f"{call.permission}, and an answer without an error"
    return *told, re.sub(r"[^\w.:-]", "", code)[:80]


def joined(pages: list[dict[str, Any]]) -> Any:
    """Pages as one answer: lists are concatenated, all else is the first page's; None of no pages."""
    if not pages:
        return None
    answer = pages[0]
    for page in pages[1:]:
        _append(answer, page)
    return answer


def _append(answer: dict[str, Any], page: Mapping[str, Any]) -> None:
    for name, value in page.items():
        held = answer.get(name)
        if isinstance(held, list) and isinstance(value, list):
            held.extend(value)
        elif isinstance(held, dict) and isinstance(value, Mapping):
            _append(held, value)
        elif name not in answer:
            answer[name] = value


def _preparation(call: Call) -> Call:
    service = call.permission.partition(":")[0]
    return Call(service=call.service, operation=call.prepare, permission=f"{service}:{call.prepare}")


def _body(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
