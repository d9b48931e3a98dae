"""``python -m aisposture``."""

from aisposture.cli.main import main

main()
