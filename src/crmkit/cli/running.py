"""One run of the program: global options, the command, what is told when it fails, and the exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from ..errors import AmbiguousError, CRMError, InvalidError
from .root import root
from .state import Run

GLOBAL_FLAGS: Final = {"--json": "json", "--debug": "debug", "--full-ids": "full_ids", "--no-plugins": "no_plugins"}
FAULT: Final = 70
INTERRUPTED: Final = 130


def run(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and exit; ``--json``, ``--debug``, ``--full-ids`` and ``--no-plugins`` may stand anywhere in it."""
    sys.exit(outcome(sys.argv[1:] if arguments is None else arguments))


def outcome(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code."""
    rest, flags = _flags(arguments)
    state = Run(**flags)
    try:
        with state:
            code = root.main(rest, "crmkit", standalone_mode=False, obj=state.crm)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as wrong:
        if state.json:
            click.echo(
                json.dumps({"error": "usage", "message": wrong.format_message(), "field": None}, ensure_ascii=False),
                err=True,
            )
        else:
            wrong.show()
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CRMError as error:
        return _tell(error, state)
    except OSError as error:
        return _tell(_of_a_file(error), state)
    except Exception as error:
        if state.debug:
            raise
        click.echo(
            f"crmkit failed in a way that it does not know: {type(error).__name__}. Run it again with --debug, and report what it prints.",
            err=True,
        )
        return FAULT


def _of_a_file(error: OSError) -> CRMError:
    made = InvalidError(
        f"{error.filename or 'A file'} can not be used: {error.strerror or error}. See that it may be written, and that there is room.",
        code="file",
    )
    made.__cause__ = error
    return made


def _flags(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    head, tail = list(arguments[:cut]), list(arguments[cut:])
    flags = {name: True for flag, name in GLOBAL_FLAGS.items() if flag in head}
    return [word for word in head if word not in GLOBAL_FLAGS] + tail, flags


def _tell(error: CRMError, state: Run) -> int:
    if state.debug:
        import traceback  # only where somebody asked for it

        traceback.print_exception(error)
    elif state.json:
        click.echo(json.dumps(_told(error), ensure_ascii=False), err=True)
    else:
        for line in _lines(error):
            click.echo(line, err=True)
    return error.exit_code


def _told(error: CRMError) -> dict[str, Any]:
    told: dict[str, Any] = {"error": error.code, "message": str(error), "field": error.field}
    if isinstance(error, AmbiguousError):
        told["candidates"] = [str(record.id) for record in error.candidates]
    return told


def _lines(error: CRMError) -> list[str]:
    lines = [str(error)]
    if error.field and repr(error.field) not in str(error):
        lines.append(f"  field: {error.field}")
    return [*lines, *getattr(error, "__notes__", ())]
