"""Defaults by which a case of a rule can name a resource by kind and name alone."""

from collections.abc import Mapping
from typing import Any

from aisposture.model import ids

ACCOUNT = "111122223333"
"""The account of a case where it names none."""
REGION = "us-east-1"

GLOBAL_KINDS = ("aws.iam.", "aws.organizations.", "aws.account", "aws.cloudfront.", "aws.route53.")
"""Kinds (by prefix) whose region is ``global``."""

_FORMS: dict[str, str] = {
    "aws.account": "account:{account}",
    "aws.iam.user": "arn:aws:iam::{account}:user/{name}",
    "aws.iam.role": "arn:aws:iam::{account}:role/{name}",
    "aws.iam.group": "arn:aws:iam::{account}:group/{name}",
    "aws.iam.policy": "arn:aws:iam::{account}:policy/{name}",
    "aws.iam.oidc_provider": "arn:aws:iam::{account}:oidc-provider/{name}",
    "aws.iam.saml_provider": "arn:aws:iam::{account}:saml-provider/{name}",
    "aws.s3.bucket": "arn:aws:s3:::{name}",
    "aws.lambda.function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws.ec2.instance": "arn:aws:ec2:{region}:{account}:instance/{name}",
    "aws.ec2.vpc": "arn:aws:ec2:{region}:{account}:vpc/{name}",
    "aws.ec2.subnet": "arn:aws:ec2:{region}:{account}:subnet/{name}",
    "aws.ec2.security_group": "arn:aws:ec2:{region}:{account}:security-group/{name}",
    "aws.ec2.network_acl": "arn:aws:ec2:{region}:{account}:network-acl/{name}",
    "aws.ec2.route_table": "arn:aws:ec2:{region}:{account}:route-table/{name}",
    "aws.ec2.internet_gateway": "arn:aws:ec2:{region}:{account}:internet-gateway/{name}",
    "aws.ec2.nat_gateway": "arn:aws:ec2:{region}:{account}:natgateway/{name}",
    "aws.ec2.network_interface": "arn:aws:ec2:{region}:{account}:network-interface/{name}",
    "aws.ec2.vpc_endpoint": "arn:aws:ec2:{region}:{account}:vpc-endpoint/{name}",
    "aws.ec2.snapshot": "arn:aws:ec2:{region}::snapshot/{name}",
    "aws.ec2.image": "arn:aws:ec2:{region}::image/{name}",
    "aws.ec2.launch_template": "arn:aws:ec2:{region}:{account}:launch-template/{name}",
    "aws.secretsmanager.secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}",
    "aws.ssm.parameter": "arn:aws:ssm:{region}:{account}:parameter/{name}",
    "aws.kms.key": "arn:aws:kms:{region}:{account}:key/{name}",
    "aws.bedrock.agent": "arn:aws:bedrock:{region}:{account}:agent/{name}",
    "aws.bedrock.knowledge_base": "arn:aws:bedrock:{region}:{account}:knowledge-base/{name}",
    "aws.bedrock.guardrail": "arn:aws:bedrock:{region}:{account}:guardrail/{name}",
    "aws.sqs.queue": "arn:aws:sqs:{region}:{account}:{name}",
    "aws.sns.topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws.dynamodb.table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
}


def id_of(plain: Mapping[str, Any]) -> str:
    """The id of a resource in short form: its own, else the form of its kind, else one made of kind and name."""
    if "id" in plain:
        return str(plain["id"])
    kind, name = str(plain["kind"]), str(plain["name"])
    account, region = str(plain.get("account", ACCOUNT)), str(plain.get("region", REGION))
    if kind in _FORMS:
        return _FORMS[kind].format(account=account, region=region, name=name)
    service, _, what = kind.partition(".")[2].partition(".")
    return ids.arn(service or kind, f"{what}/{name}" if what else name, account=account, region=region)
