"""The AWS wire protocols, server side: which operation a request is, and how its answer is written.

Parsing and serialising are moto's (all protocols, from botocore's service models); this module only names and joins them.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

_SERVICES: dict[str, tuple[str, ...]] = {
    "access-analyzer": ("accessanalyzer",),
    "aoss": ("opensearchserverless",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "bedrock": ("bedrock", "bedrock-agent", "bedrock-agent-runtime", "bedrock-runtime"),
    "bedrock-agentcore": ("bedrock-agentcore-control", "bedrock-agentcore"),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "email": ("ses",),
    "es": ("opensearch", "es"),
    "monitoring": ("cloudwatch",),
    "s3": ("s3", "s3control"),
    "ses": ("sesv2", "ses"),
    "sso": ("sso-admin",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}
"""Signing names that are not the one service's own name."""

_DENIED = {"ec2": "UnauthorizedOperation", "query": "AccessDenied", "rest-xml": "AccessDenied"}


@dataclass(frozen=True)
class Answer:
    """One HTTP answer.

    Attributes:
        promised: length that the headers name where it is not the body's own: the connection then ends early.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None


@dataclass(frozen=True)
class Call:
    """One request, understood.

    Attributes:
        service: botocore's service name.
        operation: operation name, or "" where no service model knows the request.
        params: parameters by their names in the service model.
        protocol: wire protocol of the answer.
    """

    service: str
    operation: str
    account: str
    region: str
    params: dict[str, Any] = field(hash=False)
    protocol: str

    @property
    def name(self) -> str:
        """``service:Operation``."""
        return f"{self.service}:{self.operation}"

    @property
    def strings(self) -> frozenset[str]:
        """All strings among the parameters."""
        found: set[str] = set()
        waiting: list[Any] = [self.params]
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                found.add(value)
            elif isinstance(value, dict):
                waiting.extend(value.values())
            elif isinstance(value, list):
                waiting.extend(value)
        return frozenset(found)


@dataclass(frozen=True)
class Signature:
    """What the SigV4 credential scope says; empty strings where a request is not signed."""

    access_key: str = ""
    region: str = ""
    service: str = ""


def signature(environ: dict[str, Any]) -> Signature:
    """The credential scope of a request."""
    _, _, scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")
    parts = scope.split(",")[0].split("/")
    if len(parts) != 5:
        return Signature()
    return Signature(access_key=parts[0], region=parts[2], service=parts[3].lower())


def _candidates(signed: str, environ: dict[str, Any]) -> tuple[str, ...]:
    if signed == "s3":
        return ("s3control",) if environ.get("PATH_INFO", "").startswith("/v20180820/") else ("s3",)
    if signed == "dynamodb" and environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDBStreams"):
        return ("dynamodbstreams",)
    return _SERVICES.get(signed, (signed,))


def understand(environ: dict[str, Any], account: str) -> Call:
    """The operation and parameters of a request; the body in ``environ`` must be seekable."""
    from botocore.exceptions import UnknownServiceError
    from moto.core.parse import PROTOCOL_PARSERS
    from moto.core.request import Request, determine_request_protocol
    from moto.core.routing import get_service_router
    from moto.core.utils import get_service_model
    from werkzeug.exceptions import NotFound

    scope = signature(environ)
    for service in _candidates(scope.service, environ):
        request = Request(dict(environ))
        try:
            operation, labels = get_service_router(service).match(request)
        except (UnknownServiceError, NotFound, NotImplementedError):
            continue
        finally:
            environ["wsgi.input"].seek(0)
        protocol = determine_request_protocol(get_service_model(service), request.content_type)
        params = PROTOCOL_PARSERS[protocol](operation).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.get_data(),
                "url_path": request.path,
                "url_params": labels,
            }
        )
        environ["wsgi.input"].seek(0)
        return Call(service, operation.name, account, scope.region, _plain(params), protocol)
    return Call(_candidates(scope.service, environ)[0], "", account, scope.region, {}, "json")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def serialise(call: Call, result: Any) -> Answer:
    """A result, given by the names of the service model, as the wire has it."""
    from moto.core.serialize import get_serializer_class
    from moto.core.utils import get_service_model

    operation = get_service_model(call.service).operation_model(call.operation)
    made = get_serializer_class(call.service, call.protocol)(operation).serialize(result)
    body = made["body"]
    headers = {str(key): str(value) for key, value in made["headers"].items()}
    return Answer(made["status_code"], body.encode() if isinstance(body, str) else body, headers)


@cache
def session() -> Any:
    """One botocore session for models and paginators: each new one reads them anew."""
    from botocore.session import Session

    return Session()


@cache
def _parsing(service: str, operation: str) -> tuple[Any, Any]:
    from botocore.parsers import create_parser

    model = session().get_service_model(service)
    return create_parser(model.resolved_protocol), model.operation_model(operation).output_shape


def understood_answer(call: Call, answer: Answer) -> dict[str, Any]:
    """The answer as botocore reads it, errors under ``Error``; times as datetimes."""
    from botocore.awsrequest import HeadersDict

    parser, shape = _parsing(call.service, call.operation)
    parsed: dict[str, Any] = parser.parse(
        {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}, shape
    )
    parsed.pop("ResponseMetadata", None)
    return parsed


def error(
    call: Call, code: str, message: str, *, status: int = 400, headers: dict[str, str] | None = None
) -> Answer:
    """An error in the form that the service's protocol has for it."""
    extra = headers or {}
    kind = "Receiver" if status >= 500 else "Sender"
    if call.protocol in {"json", "rest-json"}:
        body = json.dumps({"__type": code, "message": message}).encode()
        return Answer(
            status, body, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code, **extra}
        )
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if call.protocol == "ec2":
        text = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>replay</RequestID></Response>"
    elif call.service == "s3":
        text = f"<Error>{inner}<RequestId>replay</RequestId></Error>"
    else:
        text = f"<ErrorResponse><Error><Type>{kind}</Type>{inner}</Error><RequestId>replay</RequestId></ErrorResponse>"
    return Answer(status, text.encode(), {"Content-Type": "text/xml", **extra})


def denied(call: Call, *, code: str | None = None, status: int = 403) -> Answer:
    """A refusal for want of permission, in the word that the service itself uses."""
    word = code or _DENIED.get(call.protocol, "AccessDeniedException")
    return error(
        call,
        word,
        f"the caller is not allowed to perform {call.name} (refused by the local cloud)",
        status=status,
    )
