"""A local AWS for the demo and for tests: moto for what it implements, recordings beside it for the rest."""

from aisposture.replay.aws.cloud import Cloud, Credentials, Seen, serve
from aisposture.replay.faults import Deny, Throttle, Truncate

__all__ = ["Cloud", "Credentials", "Deny", "Seen", "Throttle", "Truncate", "serve"]
