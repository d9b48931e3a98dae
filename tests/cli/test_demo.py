import os

from aisposture.cli.demo import _only


def test_demo_sees_nothing_of_the_users_own_configuration() -> None:
    before = dict(os.environ)
    os.environ["AWS_PROFILE"] = "mine"
    try:
        with _only({"AWS_ACCESS_KEY_ID": "local"}):
            assert "AWS_PROFILE" not in os.environ
            assert os.environ["AWS_ACCESS_KEY_ID"] == "local"
            assert os.environ["AWS_CONFIG_FILE"] == os.devnull
        assert os.environ["AWS_PROFILE"] == "mine"
    finally:
        os.environ.clear()
        os.environ.update(before)
