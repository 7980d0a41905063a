"""The command `rustgpt-lab`: open the course, train a model, talk to it, look into its file, convert it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from . import __version__
from .errors import AccessError, DataError, ModelError

if TYPE_CHECKING:
    from .dataset import Dataset
    from .llm import LLM

PROMPT = "User: {}"
"""The form in which the corpora ask."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line long."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, or 2 after a mistake that is told in one line."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")):
        arguments.insert(0, "lab")
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except ModelError as problem:
        print(f"rustgpt-lab {options.command}: error: {' '.join(str(problem).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:  # `rustgpt-lab inspect x | head`
        sys.stderr.close()
        return 0


def parser() -> Parser:
    """The command line, whole."""
    top = Parser(
        prog="rustgpt-lab",
        description="Learn how a language model works by building one.",
        epilog="Without a command: lab. Each command has its own --help.",
    )
    top.add_argument("--version", action="version", version=f"rustgpt-lab {__version__}")
    commands = top.add_subparsers(dest="command", title="commands", metavar="COMMAND", required=True)

    lab = commands.add_parser("lab", help="open the course in JupyterLab (the default)")
    lab.add_argument(
        "--folder",
        type=Path,
        help="where to work; the notebooks are laid there, and none that you changed is overwritten",
    )
    lab.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")
    lab.add_argument("--port", type=_whole(1, 65535), help="the port to serve on")
    lab.set_defaults(run=_lab)

    train = commands.add_parser("train", help="train RustGPT's model, and save it", description=(
        "Train RustGPT's model on statements, then on questions and answers, and save it. "
        "Ctrl-C stops after the step that is under way and saves the model so far."))  # fmt: skip
    train.add_argument(
        "--pretraining",
        type=Path,
        metavar="FILE",
        help="statements, .json or .csv (default: the packaged ones)",
    )
    train.add_argument(
        "--chat",
        type=Path,
        metavar="FILE",
        help="questions and answers, .json or .csv (default: the packaged ones)",
    )
    train.add_argument(
        "--out",
        type=Path,
        metavar="MODEL",
        default=Path("model.bin"),
        help="where to save; .json is JSON, everything else binary (default: %(default)s)",
    )
    train.add_argument("--force", action="store_true", help="replace a file that is there already")
    train.add_argument(
        "--start", type=Path, metavar="MODEL", help="go on with this model instead of a new one"
    )
    train.add_argument(
        "--epochs", type=_whole(0), default=100, help="times through each part (default: %(default)s)"
    )
    train.add_argument("--batch-size", type=_whole(1), default=4, help="texts a step (default: %(default)s)")
    train.add_argument(
        "--pretraining-rate",
        type=_rate,
        default=5e-4,
        help="learning rate on the statements (default: %(default)s)",
    )
    train.add_argument(
        "--chat-rate", type=_rate, default=1e-4, help="learning rate on the questions (default: %(default)s)"
    )
    train.add_argument(
        "--seed", type=_whole(0), default=0, help="of a new model's first weights (default: %(default)s)"
    )
    train.add_argument(
        "--ask",
        metavar="QUESTION",
        help="what to ask before and after (default: the first question of the corpus)",
    )
    train.set_defaults(run=_train)

    chat = commands.add_parser("chat", help="talk to a model")
    chat.add_argument("model", type=Path, metavar="MODEL", help="a model file")
    chat.set_defaults(run=_chat)

    inspect = commands.add_parser("inspect", help="show what a model file holds")
    inspect.add_argument("model", type=Path, metavar="MODEL", help="a model file")
    inspect.set_defaults(run=_inspect)

    convert = commands.add_parser(
        "convert",
        help="rewrite a model file in another format",
        description="Rewrite a model file in the format that the extension of the second name stands for.",
    )
    convert.add_argument("source", type=Path, metavar="FROM", help="a model file")
    convert.add_argument("target", type=Path, metavar="TO", help="the new file, .json or .bin, for example")
    convert.set_defaults(run=_convert)
    return top


def _whole(least: int, most: int = sys.maxsize) -> Callable[[str], int]:
    """A type for argparse: a whole number in a range."""

    def whole(text: str) -> int:
        if not text.lstrip("+-").isdecimal() or not least <= int(text) <= most:
            bounds = f"from {least}" + (f" to {most}" if most < sys.maxsize else "")
            raise argparse.ArgumentTypeError(f"expected a whole number {bounds}, found {text!r}")
        return int(text)

    return whole


def _rate(text: str) -> float:
    """A type for argparse: a learning rate."""
    try:
        if 0 < float(text) < float("inf"):
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"expected a number above 0, found {text!r}")


def _lab(options: argparse.Namespace) -> int:
    from .launch import default_folder, lay_course, open_lab

    folder = options.folder or default_folder()
    for laid in lay_course(folder):
        if laid.how in ("beside", "updated"):
            print(f"{laid.how}: {laid.path}")
    return open_lab(folder, browser=not options.no_browser, port=options.port)


def _train(options: argparse.Namespace) -> int:
    from .llm import LLM
    from .tokenizers import Vocab

    _check_target(options)
    data = _corpora(options)
    llm = (
        LLM.load(options.start)
        if options.start
        else LLM.build(Vocab.from_texts(data.texts), seed=options.seed)
    )
    question = PROMPT.format(options.ask) if options.ask else data.chat[0].split(" Assistant:")[0]
    print(f"{len(llm.vocab)} words, {llm.parameters.flat.size:,} parameters")
    _show_answer("before", llm, question)
    phases = (
        ("pretraining", data.pretraining, options.pretraining_rate),
        ("chat", data.chat, options.chat_rate),
    )
    for name, texts, rate in phases:
        print(f"{name}: {len(texts)} texts, {options.epochs} epochs at {rate:g}")
        history = llm.train(texts, options.epochs, rate, batch_size=options.batch_size, progress=True)
        if history.outcome == "interrupted":
            print("stopped; saving the model so far")
            break
    _show_answer("after", llm, question)
    llm.save(options.out)
    print(f"saved {options.out} ({options.out.stat().st_size:,} bytes)")
    return 0


def _check_target(options: argparse.Namespace) -> None:
    """Find out before the training, not after it, that its result could not be saved."""
    from .files import access_error, require_regular

    out: Path = options.out
    if out.exists():
        require_regular(out, out.stat().st_mode)
        if out != options.start and not options.force:
            remedy = "Name another file with --out, or allow it with --force."
            raise AccessError("this file is there already", where=str(out), remedy=remedy)
    try:
        tempfile.TemporaryFile(dir=out.parent).close()
    except OSError as problem:
        raise access_error("no model could be saved here", out, problem) from problem


def _corpora(options: argparse.Namespace) -> Dataset:
    from .corpora import read_corpus
    from .dataset import Dataset

    data = Dataset.packaged()
    if options.pretraining:
        data.pretraining = read_corpus(options.pretraining).texts
    if options.chat:
        data.chat = read_corpus(options.chat).texts
    if not data.texts:
        raise DataError("there is nothing to learn from")
    return data


def _show_answer(when: str, llm: LLM, question: str) -> None:
    print(
        f"{when}: {question}\n    {llm.predict(question) or '(no answer: the model knows no word of this)'}"
    )


def _chat(options: argparse.Namespace) -> int:
    from .llm import LLM
    from .tokenizers import END

    llm = LLM.load(options.model)
    print("Ask something; an empty line or Ctrl-D ends.")
    while question := _ask():
        prompt = PROMPT.format(question)
        if lost := llm.vocab.unknown(prompt):
            print(f"(not in the vocabulary, so not read: {', '.join(lost)})")
        for word in llm.generate(prompt):
            print("" if word == END else f"{word} ", end="", flush=True)
        print()
    return 0


def _ask() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        print()
        return ""


def _inspect(options: argparse.Namespace) -> int:
    from .llm import LLM
    from .persistence import describe

    llm = LLM.load(options.model, allow_nonfinite=True)  # a model that diverged is worth a look, too
    print(f"{options.model}: {options.model.stat().st_size:,} bytes, {len(llm.vocab):,} words, ", end="")
    print(f"{llm.parameters.flat.size:,} parameters\n")
    print(f"{'layer':>5}  {'kind':<17}{'parameters':>10}  shapes")
    for i, layer in enumerate(llm.network):
        shapes = ", ".join(f"{name} {'x'.join(map(str, a.shape))}" for name, a in layer.p.items())
        print(f"{i:>5}  {type(layer).__name__:<17}{layer.p.flat.size:>10,}  {shapes}")
    print(f"\n{describe(options.model)}")
    return 0


def _convert(options: argparse.Namespace) -> int:
    from .llm import LLM

    LLM.load(options.source).save(options.target)
    before, after = (path.stat().st_size for path in (options.source, options.target))
    print(f"{options.source} ({before:,} bytes) -> {options.target} ({after:,} bytes)")
    return 0
