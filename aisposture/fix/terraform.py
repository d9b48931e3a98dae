"""How to make a change by hand with Terraform, read off what differs between a resource before and after.

Names come from a cloud and may be hostile: they stand in strings in which no template is evaluated.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from aisposture.fix.commands import IDENTITIES, Difference, asked_for, plain, statements, tail

_RESOURCE_POLICIES = {
    "aws.s3.bucket": ("aws_s3_bucket_policy", "bucket"),
    "aws.secretsmanager.secret": ("aws_secretsmanager_secret_policy", "secret_arn"),
    "aws.kms.key": ("aws_kms_key_policy", "key_id"),
}
"""Terraform's resource and its argument for what the policy is on, by kind."""


def blocks(one: Difference) -> Iterator[str]:
    """Blocks of Terraform with the arguments that change; comments where there is no such argument."""
    yield from _policy_blocks(one)
    yield from _other_blocks(one)
    arguments = _ARGUMENTS.get(one.after.kind)
    if arguments is not None and one.attrs:
        yield arguments(one)


def hcl(value: Any) -> str:
    """``value`` as an expression of Terraform's language, in which no template is evaluated."""
    text = json.dumps(value, indent=2)
    return text.replace("${", "$${").replace("%{", "%%{")


def _policy_blocks(one: Difference) -> Iterator[str]:
    for before, policy in one.policies():
        document, name, kind = policy["document"], policy["id"], one.after.kind
        text = f"jsonencode({hcl(document)})"
        if policy["role"] == "inline" and kind in IDENTITIES:
            word = kind.rpartition(".")[2]
            arguments = {word: hcl(tail(one.after.id)), "name": hcl(name), "policy": text}
            yield _block(f"aws_iam_{word}_policy", name, arguments)
        elif policy["role"] == "trust":
            yield _block("aws_iam_role", one.after.name, {"assume_role_policy": text})
        elif policy["role"] == "identity" and kind == "aws.iam.policy":
            yield _block("aws_iam_policy", one.after.name, {"name": hcl(one.after.name), "policy": text})
        elif policy["role"] == "resource" and kind == "aws.lambda.function":
            left = statements(document)
            for gone in statements((before or policy)["document"]):
                if gone not in left:
                    yield f"# remove the aws_lambda_permission with statement_id {plain(str(gone.get('Sid') or ''))}"
        elif policy["role"] == "resource" and kind in _RESOURCE_POLICIES:
            block, subject = _RESOURCE_POLICIES[kind]
            yield _block(block, one.after.name, {subject: hcl(asked_for(one.after.id)), "policy": text})
        else:
            yield f"# the policy {plain(name)} of {plain(one.after.id)}:\n# {json.dumps(document)}"


def _other_blocks(one: Difference) -> Iterator[str]:
    for ref in one.new["refs"]:
        if ref["name"] == "bounded_by" and ref not in one.old.get("refs", ()):
            word = one.after.kind.rpartition(".")[2]
            yield _block(f"aws_iam_{word}", one.after.name, {"permissions_boundary": hcl(ref["target"])})
    yield from one.by_hand()
    for rule in one.closed_rules():
        yield f"# in the rules of {plain(one.after.id)}, remove: {json.dumps(rule)}"


def _arguments_of_instance(one: Difference) -> str:
    lines = ['http_tokens                 = "required"']
    if one.after.attrs.get("imds_hop_limit") == 1:
        lines.append("http_put_response_hop_limit = 1")
    inner = "\n".join(f"    {line}" for line in lines)
    return f'resource "aws_instance" "{_word(one.after.name)}" {{\n  metadata_options {{\n{inner}\n  }}\n}}'


def _arguments_of_url(one: Difference) -> str:
    function = one.after.id.partition("#")[0]
    arguments = {"function_name": hcl(function), "authorization_type": hcl("AWS_IAM")}
    return _block("aws_lambda_function_url", one.after.name, arguments)


def _arguments_of_action_group(one: Difference) -> str:
    if one.attrs.get("enabled") is False:
        arguments = {"action_group_state": hcl("DISABLED")}
        return _block("aws_bedrockagent_agent_action_group", one.after.name, arguments)
    return f"# in the function schema of {plain(one.after.name)}, set requireConfirmation to ENABLED for every function"


def _arguments_of_key(one: Difference) -> str:
    return _block("aws_iam_access_key", one.after.id.rpartition("/")[2], {"status": hcl("Inactive")})


def _arguments_of_bucket(one: Difference) -> str:
    flags = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
    account = one.after.kind == "aws.account"
    own = {} if account else {"bucket": hcl(asked_for(one.after.id))}
    kind = f"aws_s3_{'account' if account else 'bucket'}_public_access_block"
    return _block(kind, one.after.name, {**own, **dict.fromkeys(flags, "true")})


_ARGUMENTS: dict[str, Callable[[Difference], str]] = {
    "aws.ec2.instance": _arguments_of_instance,
    "aws.lambda.url": _arguments_of_url,
    "aws.bedrock.action_group": _arguments_of_action_group,
    "aws.iam.access_key": _arguments_of_key,
    "aws.s3.bucket": _arguments_of_bucket,
    "aws.account": _arguments_of_bucket,
}


def _block(kind: str, name: str, arguments: dict[str, str]) -> str:
    width = max(map(len, arguments))
    lines = [f"  {key.ljust(width)} = {_indented(value)}" for key, value in arguments.items()]
    return "\n".join([f'resource "{kind}" "{_word(name)}" {{', *lines, "}"])


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _word(name: str) -> str:
    word = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "this"
    return word if not word[0].isdigit() else f"_{word}"
