"""The command line, `isthmus VERB ...`: one file a verb, every failure one line and an exit code.

0    fine                                    5    a backend or device is missing
1    the gate found a regression             70   a defect of Isthmus, with its traceback
2    wrong usage or input                    130  interrupted by the keyboard
3    nothing comparable was measured         141  nobody reads the output any more
4    inconclusive under --strict             143  ended by SIGTERM
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Annotated

import typer

from isthmus._version import __version__
from isthmus.errors import IsthmusError
from isthmus.system.extras import explained
from isthmus.system.signals import Terminated, cleanly_ended
from isthmus.system.streams import any_encoding

from .show import printable, say

__all__ = ["main"]

Verb = Callable[..., None] | typer.Typer


def _verb(name: str) -> Verb:
    """The function of this name in the module of this name, or its group of commands."""
    module = import_module(f"{__name__}.{name}")
    found: Verb = module.app() if hasattr(module, "app") else getattr(module, name)
    return found


# A verb is imported when it is asked for: one needs nothing of what the others import.
VERBS: Mapping[str, Callable[[], Verb]] = {
    name: partial(_verb, name)
    for name in (
        *("run", "score", "tune", "bench", "report", "gate", "export", "serve", "models"),
        "doctor",
    )
}

# A defect must not look like a regression, for which Python's own 1 is taken (sysexits.h).
DEFECT, INTERRUPTED, UNREAD = 70, 130, 141

# Typer bundles its own copy of click in recent versions; only this name is in all of them.
WRONG_USAGE: type[Exception] = typer.BadParameter.__mro__[1]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed before it began: `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    try:
        with any_encoding(), cleanly_ended():
            return _main(list(sys.argv[1:] if argv is None else argv))
    except BrokenPipeError:
        return _unread()


def _main(arguments: list[str]) -> int:
    """The exit code; BrokenPipeError where a reader has gone, whatever was printing."""
    verb = " ".join(["isthmus", *_named(arguments)])
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
        return code
    except Terminated as end:
        return _complain(verb, "terminated", end.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _complain(verb, "interrupted", INTERRUPTED)
    except BrokenPipeError:
        raise
    except SystemExit as ended:
        # Rich ends the program with 1 where the reader has gone, which is a regression's code.
        if isinstance(ended.__context__, BrokenPipeError):
            return _unread()
        raise
    except Exception as problem:
        return _failed(verb, problem)


def _named(arguments: Sequence[str]) -> list[str]:
    """The words that name a command: a verb, and a way into the gate."""
    verb = [word for word in arguments[:1] if word in VERBS]
    if verb != ["gate"]:
        return verb
    from .gate import WAYS

    return verb + [word for word in arguments[1:2] if word in WAYS]


def _invoke(arguments: list[str]) -> int:
    command = typer.main.get_command(_app([word for word in arguments[:1] if word in VERBS]))
    try:
        with command.make_context("isthmus", arguments) as context:
            command.invoke(context)
    except typer.Exit as verdict:
        return verdict.exit_code
    return 0


def _app(asked: Sequence[str]) -> typer.Typer:
    """The verb that is asked for, or all of them, as an application.

    Plain help, which comes in half the time of a coloured one.
    """
    # rich_markup_mode=None also keeps brackets in our texts from being taken for markup.
    app = typer.Typer(
        rich_markup_mode=None, add_completion=False, context_settings={"max_content_width": 100}
    )
    app.callback(invoke_without_command=True)(_isthmus)
    for name in asked or VERBS:
        verb = VERBS[name]()
        if isinstance(verb, typer.Typer):
            app.add_typer(verb, name=name)
        else:
            app.command(name)(verb)
    return app


def _isthmus(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Run models on CPUs and GPUs; measure, price and gate them.

    Example: isthmus run minilm-l6 --text "a cat" --text "a kitten"
    """
    if version:
        say(f"isthmus {__version__}")
    elif context.invoked_subcommand is None:
        say(context.get_help())


def _failed(verb: str, problem: Exception) -> int:
    """Say what went wrong: one line, but for a defect of ours, which brings its traceback."""
    problem = explained(problem)
    if isinstance(problem, IsthmusError):
        return _complain(verb, str(problem), problem.exit_code)
    if isinstance(problem, WRONG_USAGE):
        return _complain(verb, f"{_usage(problem)} see `{verb} --help`", 2)
    if isinstance(problem, OSError):
        reason = f"{problem.filename or 'output'}: {problem.strerror or problem}"
        return _complain(verb, f"{reason}; check the path, its permissions and the space left", 2)
    traceback.print_exception(problem)
    return _complain(verb, "this is a defect of Isthmus; please report the lines above", DEFECT)


def _usage(problem: Exception) -> str:
    """Typer's sentence, ready to be followed by the next step."""
    formatted: str = getattr(problem, "format_message", problem.__str__)()
    return formatted if formatted.endswith("?") else formatted.rstrip(".") + ";"


def _complain(verb: str, message: str, code: int) -> int:
    """One line on standard error."""
    print(printable(f"{verb}: {message}"), file=sys.stderr)
    return code


def _unread() -> int:
    """The reader has gone (`| head`): be quiet, also when Python closes the streams at exit."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nobody, stream.fileno())
    return UNREAD
