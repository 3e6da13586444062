"""`brave-tf`: finds the command, runs it, and turns what went wrong into one line and an exit status."""

import atexit
import errno
import functools
import gc
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from brave_tf import __version__, quiet
from brave_tf.errors import UsageError, UserError, reason_of

PROGRAM = "brave-tf"
DESCRIPTION = """Video encoders that learn without labels, by regressing broad views from narrow ones (BraVe).

Start with `brave-tf demo`. For videos of your own: prepare, pretrain, evaluate, export. `brave-tf COMMAND --help` shows
an example of each; `brave-tf --version` prints the version; `brave-tf completion bash` (or zsh, or fish) makes the TAB
key complete what you type. --json, --quiet and --verbose may stand before the command or after it."""

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 128 + 2  # what a shell reports after SIGINT
EXIT_PIPE_CLOSED = 128 + 13  # and after SIGPIPE

_FIXES = {
    errno.ENOSPC: "free some space, or choose another place",
    errno.EDQUOT: "free some space, or choose another place",
    errno.EACCES: "choose a place you may use, or change its permissions",
    errno.EPERM: "choose a place you may use, or change its permissions",
    errno.EROFS: "choose a place that can be written",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments; by default those of the process.

    Returns:
        The exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 141 the reader of the output has gone.

    Raises:
        SystemExit: help was asked for (status 0), or the arguments do not parse (status 2).
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    quiet.set_environment()
    try:
        _run(arguments)
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error))
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
    except KeyboardInterrupt:
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more when it ends, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_PIPE_CLOSED
    except OSError as error:
        return _fail(_describe(error))
    except Exception:
        traceback.print_exc()
        return _fail(f"this is a bug in {PROGRAM} {__version__}; please report it with the command and the lines above")
    return 0


def _run(arguments: list[str]) -> None:
    began = time.monotonic()
    if arguments == ["--version"]:
        print(f"{PROGRAM} {__version__}")
        return
    from brave_tf.cli.manner import keep_to_plain_text, printing

    keep_to_plain_text()
    from brave_tf.cli.parsing import parse
    from brave_tf.progress import silent_since

    try:
        invocation = parse(arguments, commands(), PROGRAM, DESCRIPTION)
    except UsageError as error:
        _fail(str(error))
        raise SystemExit(EXIT_USAGE) from None
    with silent_since(began), printing(invocation.json, invocation.quiet, invocation.verbose):
        invocation.run()


def commands() -> dict[str, Callable[..., Any]]:
    """The commands by name."""
    from brave_tf.cli.ablate import ablate
    from brave_tf.cli.completion import completion
    from brave_tf.cli.convert import convert
    from brave_tf.cli.demo import demo
    from brave_tf.cli.doctor import doctor
    from brave_tf.cli.embed import embed
    from brave_tf.cli.evaluate import evaluate
    from brave_tf.cli.export import export
    from brave_tf.cli.inspect import inspect
    from brave_tf.cli.prepare import prepare
    from brave_tf.cli.presets import presets
    from brave_tf.cli.pretrain import pretrain
    from brave_tf.cli.publish import publish
    from brave_tf.cli.report import report
    from brave_tf.cli.search import search
    from brave_tf.cli.verify import verify

    return {
        "demo": _with_tensorflow(demo),
        "prepare": prepare,
        "verify": _with_tensorflow(verify),
        "presets": presets,
        "inspect": _with_tensorflow(inspect),
        "pretrain": _with_tensorflow(pretrain),
        "evaluate": _with_tensorflow(evaluate),
        "report": report,
        "ablate": _with_tensorflow(ablate),
        "embed": _with_tensorflow(embed),
        "export": _with_tensorflow(export),
        "publish": _with_tensorflow(publish),
        "convert": _with_tensorflow(convert),
        "search": _with_tensorflow(search),
        "doctor": doctor,
        "completion": completion,
    }


def _with_tensorflow(command: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        # Imports and traced graphs are objects that stay: looking for garbage among them took 7 % of a start, and a
        # second between the last word of a command and its end.
        gc.set_threshold(50_000, 20, 50)
        atexit.register(gc.freeze)
        quiet.import_tensorflow()
        import tensorflow as tf

        try:
            command(*args, **kwargs)
        except (tf.errors.ResourceExhaustedError, tf.errors.PermissionDeniedError) as error:
            raise UserError(_describe_shortage(reason_of(error))) from error
        except tf.errors.DataLossError as error:
            raise UserError(
                f"a record of the dataset is damaged ({reason_of(error)}); `brave-tf verify` names it"
            ) from error

    return run


def _describe(error: OSError) -> str:
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    reason = error.strerror or str(error) or type(error).__name__
    fix = _FIXES.get(error.errno or 0)
    return ": ".join([*names[:1], reason]) + (f"; {fix}" if fix else "")


def _describe_shortage(reason: str) -> str:
    if "space left" in reason or "quota" in reason:
        return f"{reason}; {_FIXES[errno.ENOSPC]}"
    if "ermission" in reason or "denied" in reason:
        return f"{reason}; {_FIXES[errno.EACCES]}"
    return f"out of memory: {reason}; choose a smaller batch, such as --set batch_size=16"


def _fail(message: str) -> int:
    _say(f"error: {message}")
    return EXIT_FAILED


def _say(message: str) -> None:
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
