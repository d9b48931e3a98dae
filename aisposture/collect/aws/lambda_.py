"""Lambda: functions with who may call them, what starts them and what they load; their URLs; layers."""

from collections.abc import Mapping, Sequence
from typing import Any

from aisposture.collect.aws.shapes import moment, several, unqualified
from aisposture.collect.declare import (
    Unread,
    call,
    computed,
    const,
    detail,
    kind,
    path,
    policy,
    table,
    template,
)
from aisposture.model.graph import Label
from aisposture.model.resource import Net, PolicyRole

NOT_CONFIGURED = ("ResourceNotFoundException",)


def function_net(
    network: str | None, subnets: Sequence[str] | None, groups: Sequence[str] | None
) -> Net | None:
    """Where a function in a VPC opens its connections; None for one outside any.

    Its subnets know their network, so that a local cloud's invented VPC id does no harm.
    """
    if not network or not subnets:
        return None
    return Net(subnets=tuple(sorted(subnets)), groups=tuple(sorted(groups or ())))


def code_signing(arn: str | None, on_failure: str | None) -> str | None:
    """What happens to code that no trusted publisher signed: ``enforce``, ``warn``, or nothing is checked."""
    if not arn:
        return "none"
    return on_failure.lower() if on_failure else None


def environment(variables: Mapping[str, str] | None, error: Mapping[str, Any] | None) -> Mapping[str, str]:
    """The environment variables; none were set where there are none and no error.

    Raises:
        Unread: they exist, but the caller may not decrypt them.
    """
    if error and not variables:
        raise Unread("kms:Decrypt on the key of the function's environment", denied=True)
    return variables or {}


def environment_names(variables: Mapping[str, str] | None, error: Mapping[str, Any] | None) -> list[str]:
    """The names of environment variables, sorted."""
    return sorted(environment(variables, error))


_ENVIRONMENT = ("Environment.Variables", "Environment.Error")


function = kind(
    "aws.lambda.function",
    labels=(Label.WORKLOAD,),
    call=call("lambda", "ListFunctions"),
    items="Functions[*]",
    id="FunctionArn",
    title="FunctionName",
    tables=(
        table(
            "sources",
            call("lambda", "ListEventSourceMappings"),
            rows="EventSourceMappings[*]",
            key=computed(unqualified, "FunctionArn"),
            by="FunctionArn",
        ),
    ),
    details=(
        detail(
            "policy",
            call("lambda", "GetPolicy", {"FunctionName": path("FunctionName")}, absent=NOT_CONFIGURED),
        ),
        detail("tags", call("lambda", "ListTags", {"Resource": path("FunctionArn")})),
        detail(
            "signing",
            call(
                "lambda",
                "GetFunctionCodeSigningConfig",
                {"FunctionName": path("FunctionName")},
                absent=NOT_CONFIGURED,
            ),
            # The operation refuses container images, whose code cannot be signed this way.
            when=computed(lambda package: package != "Image", "PackageType"),
        ),
        detail(
            "publishers",
            call(
                "lambda",
                "GetCodeSigningConfig",
                {"CodeSigningConfigArn": path("signing:CodeSigningConfigArn")},
            ),
            when="signing:CodeSigningConfigArn",
        ),
    ),
    attrs={
        "aliases": computed(several, "FunctionName"),
        "runtime": "Runtime",
        "handler": "Handler",
        "timeout_seconds": "Timeout",
        "memory_mb": "MemorySize",
        "environment_names": computed(environment_names, *_ENVIRONMENT),
        "tracing": computed(lambda mode: mode == "Active", "TracingConfig.Mode"),
        "layers": "Layers[*].Arn",
        "updated_at": computed(moment, "LastModified"),
        "description": "Description",
        "network_mode": computed(lambda network: "vpc" if network else "public", "VpcConfig.VpcId"),
        "encryption": computed(lambda key: "customer" if key else "provider", "KMSKeyArn"),
        "code_signing": computed(
            code_signing,
            "signing:CodeSigningConfigArn",
            "publishers:CodeSigningConfig.CodeSigningPolicies.UntrustedArtifactOnDeployment",
        ),
    },
    refs={
        "runs_as": "Role",
        "loads": "Layers[*].Arn",
        "in_subnet": "VpcConfig.SubnetIds[*]",
        "triggered_by": "sources:[*].EventSourceArn",
        "sends_to": "DeadLetterConfig.TargetArn",
        "encrypted_with": "KMSKeyArn",
    },
    policies=(policy(PolicyRole.RESOURCE, "policy:Policy", id=const("function-policy")),),
    tags="tags:Tags",
    net=computed(function_net, "VpcConfig.VpcId", "VpcConfig.SubnetIds", "VpcConfig.SecurityGroupIds"),
    secret_bearing={"environment": computed(environment, *_ENVIRONMENT)},
    config=(computed(environment, *_ENVIRONMENT),),
)

url = kind(
    "aws.lambda.url",
    labels=(Label.ENDPOINT,),
    parents=("aws.lambda.function",),
    call=call(
        "lambda",
        "GetFunctionUrlConfig",
        {"FunctionName": path("parent:FunctionName")},
        absent=NOT_CONFIGURED,
    ),
    items="@",
    id=template("{scope:parent}#url/$LATEST"),
    title="FunctionUrl",
    attrs={
        "aliases": computed(
            lambda address: [address, address.split("/")[2]] if address else [], "FunctionUrl"
        ),
        "auth": computed(lambda word: {"NONE": "none", "AWS_IAM": "iam"}.get(word, "unknown"), "AuthType"),
        "public": const(value=True),
        "created_at": computed(moment, "CreationTime"),
        "updated_at": computed(moment, "LastModifiedTime"),
    },
    refs={"fronts": "scope:parent"},
)

layer = kind(
    "aws.lambda.layer",
    labels=(Label.ARTIFACT,),
    call=call("lambda", "ListLayers"),
    items="Layers[*]",
    id="LayerArn",
    title="LayerName",
    details=(
        detail(
            "policy",
            call(
                "lambda",
                "GetLayerVersionPolicy",
                {"LayerName": path("LayerName"), "VersionNumber": path("LatestMatchingVersion.Version")},
                absent=NOT_CONFIGURED,
            ),
        ),
    ),
    attrs={
        "aliases": computed(several, "LatestMatchingVersion.LayerVersionArn"),
        "created_at": computed(moment, "LatestMatchingVersion.CreatedDate"),
    },
    policies=(policy(PolicyRole.RESOURCE, "policy:Policy", id=const("layer-policy")),),
)
