"""The entry point: finds the commands, and turns every mistake into one line and an exit code.

Every module of this package that has ``COMMANDS`` adds them; at its top it may import click and our error and exit modules
only, so that ``aisposture --help`` stays fast.
"""

import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import click

import aisposture.cli
from aisposture import __version__
from aisposture.cli.exits import Exit
from aisposture.errors import AispostureError

ORDER = (
    "demo",
    "scan",
    "report",
    "findings",
    "agents",
    "explain",
    "paths",
    "can",
    "who-can",
    "simulate",
    "fix",
    "whatif",
    "diff",
    "rules",
    "permissions",
    "doctor",
    "graph",
    "snapshot",
)
"""The order of commands in the help: the way through the product; others follow by name."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        known = {name: place for place, name in enumerate(ORDER)}
        return sorted(super().list_commands(ctx), key=lambda name: (known.get(name, len(known)), name))


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="aisposture", message="%(prog)s %(version)s")
def cli() -> None:
    """Find the attack paths that AI agents open in your clouds, without touching anything.

    Start with `aisposture demo`, then `aisposture scan --aws --out DIR`.
    """


def _add_commands() -> None:
    for found in pkgutil.iter_modules(aisposture.cli.__path__):
        if found.name != "main":
            for command in getattr(import_module(f"aisposture.cli.{found.name}"), "COMMANDS", ()):
                cli.add_command(command)


_add_commands()


def run(args: Sequence[str] | None = None) -> int:
    """The exit code of one command line; everything it has to say is printed."""
    try:
        given = cli.main(
            args=list(args) if args is not None else None, prog_name="aisposture", standalone_mode=False
        )
        sys.stdout.flush()
        code = int(given or Exit.OK)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = Exit.USAGE
    except click.ClickException as error:
        _say(_told(error))
        code = Exit.USAGE
    except AispostureError as error:
        _say(str(error))
        code = error.exit_code
    except BrokenPipeError:
        # What is left in the buffer would raise again when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        code = Exit.INTERRUPTED
    except Exception:  # noqa: BLE001 - a bug must not end with the code that means findings
        traceback.print_exc()
        _say("this is a bug; please report it with the lines above")
        code = Exit.FAILED
    return code


def _told(error: click.ClickException) -> str:
    words = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{words} (see '{context.command_path} --help')" if context is not None else words


def _say(words: str) -> None:
    from aisposture.report.text import visible

    click.echo(f"aisposture: {visible(words, 2000)}", err=True)


def main() -> None:
    """Run the command line of this process and leave it."""
    sys.exit(run())


if __name__ == "__main__":
    main()
