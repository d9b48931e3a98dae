import json
import subprocess

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisposture.fix.commands import Difference, shell
from aisposture.fix.patch import patched
from aisposture.fix.terraform import blocks, hcl
from aisposture.model.finding import Patch
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Net, NetRule, Policy, PolicyRole, Resource, Sighting, Source

HOSTILE = "x'; rm -rf ~ #\n$(id)`id`${path.root}\x1b[31m"


def resource(kind: str, identity: str, **more: object) -> Resource:
    plain = {"id": identity, "kind": kind, "account": "1", "region": "eu-west-1", "name": "n", **more}
    return msgspec.convert(plain, Resource)


def difference(before: Resource, *operations: dict[str, object]) -> Difference:
    after = patched(Inventory.of([before]), [Patch(resource=before.id, operations=operations)])
    return Difference(before, after.by_id[before.id])


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_shell_words_come_back_whole(text: str) -> None:
    quoted = shell(text)
    assert quoted.isprintable()
    # Spawning a shell per example is slow; the forms that it reads are two.
    if quoted.startswith("$'"):
        assert "'" not in quoted[2:-1]
        assert (
            json.loads(json.dumps(quoted[2:-1])).encode().decode("unicode_escape").encode("latin-1").decode()
            == text
        )


@pytest.mark.parametrize("text", ["", "plain", HOSTILE, "ünï\tcode", "'", "\\x41\n"])
def test_bash_reads_shell_words_as_they_were(text: str) -> None:
    done = subprocess.run(["/bin/bash", "-c", f"printf %s {shell(text)}"], capture_output=True, check=True)
    assert done.stdout.decode() == text


def test_no_template_of_terraform_is_evaluated() -> None:
    assert "$${aws:username}" in hcl({"a": "${aws:username}"})
    assert '"%%{if true}"' in hcl("%{if true}")


def test_hostile_names_stay_in_their_quotes() -> None:
    one = difference(
        resource("aws.iam.role", f"arn:aws:iam::1:role/{HOSTILE}", region="global"),
        {
            "op": "add",
            "path": "/policies/-",
            "value": {
                "role": "inline",
                "id": HOSTILE,
                "document": {"Statement": [{"Effect": "Deny", "Action": HOSTILE}]},
                "source": {"call": 0, "pointer": ""},
            },
        },
    )
    (comment, command) = one.cli()
    assert comment == "# in account 1"
    assert command.isprintable()
    words = (
        subprocess.run(
            ["/bin/bash", "-c", f"aws() {{ printf '%s\\0' \"$@\"; }}; {command}"],
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .split("\0")
    )
    assert words[:2] == ["iam", "put-role-policy"]
    assert f"--policy-name={HOSTILE}" in words
    (block,) = blocks(one)
    assert "\x1b" not in block
    assert "${path" not in block.replace("$${path", "")


def test_names_that_the_cli_would_read_as_files_give_no_command() -> None:
    one = difference(
        resource("aws.s3.bucket", "file:///etc/passwd", attrs={"block_public_acls": False}),
        {"op": "replace", "path": "/attrs/block_public_acls", "value": True},
    )
    assert not any(line.startswith("aws") for line in one.cli())


def test_settings() -> None:
    instance = resource(
        "aws.ec2.instance",
        "arn:aws:ec2:eu-west-1:1:instance/i-1",
        attrs={"imds_version": "v1", "imds_hop_limit": 2},
    )
    one = difference(
        instance,
        {"op": "replace", "path": "/attrs/imds_version", "value": "v2"},
        {"op": "replace", "path": "/attrs/imds_hop_limit", "value": 1},
    )
    assert list(one.cli())[1] == (
        "aws ec2 modify-instance-metadata-options --instance-id=i-1 --http-tokens=required "
        "--http-put-response-hop-limit=1 --region=eu-west-1"
    )
    assert 'http_tokens                 = "required"' in "".join(blocks(one))


def test_rules_of_a_security_group() -> None:
    rules = tuple(
        NetRule(direction="in", allow=True, protocol=protocol, ports=ports, peer=peer)
        for protocol, ports, peer in (("tcp", (443, 443), "0.0.0.0/0"), ("any", (0, 65535), "::/0"))
    )
    group = msgspec.structs.replace(
        resource("aws.ec2.security_group", "arn:aws:ec2:eu-west-1:1:security-group/sg-1"),
        net=Net(rules=rules),
    )
    one = difference(
        group, {"op": "remove", "path": "/net/rules/1"}, {"op": "remove", "path": "/net/rules/0"}
    )
    (command,) = (line for line in one.cli() if line.startswith("aws"))
    found = json.loads(command.partition("--ip-permissions='")[2].partition("'")[0])
    assert found[0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert found[1]["IpProtocol"] == "-1"
    assert found[1]["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]
    assert len(list(blocks(one))) == 2


def test_secret_is_named_but_not_shown() -> None:
    sighting = Sighting(
        detector="aws-access-key", field="environment.KEY", length="20-39", grade="verified-format"
    )
    holder = msgspec.structs.replace(resource("aws.lambda.function", "arn:f"), sightings=(sighting,))
    one = difference(holder, {"op": "remove", "path": "/sightings/0"})
    assert "remove environment.KEY" in "\n".join(one.cli())


def test_empty_resource_policy_is_deleted() -> None:
    document = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*"}]}
    policy = Policy(
        role=PolicyRole.RESOURCE,
        id="p",
        document=msgspec.Raw(msgspec.json.encode(document)),
        source=Source(call=0, pointer=""),
    )
    store = msgspec.structs.replace(resource("aws.s3.bucket", "arn:aws:s3:::b"), policies=(policy,))
    one = difference(store, {"op": "remove", "path": "/policies/0/document/Statement/0"})
    assert list(one.cli())[1] == "aws s3api delete-bucket-policy --bucket=b --region=eu-west-1"
