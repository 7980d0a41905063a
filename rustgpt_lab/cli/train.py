"""`rustgpt-lab train`: an hour's work that nothing but a dead disk can lose.

All that could be wrong is found before the first step. The model is saved before anything is said of it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import signal
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ..corpora import read_corpus
from ..dataset import DATA, doubts
from ..errors import DataError, FileError, ModelError, TrainingError
from ..files import access_error, require_regular
from ..llm import LLM
from ..persistence import rustgpt_reads
from ..persistence.rustgpt import POSITIONS
from ..tokenizers import BytePairs, Vocab
from ..training import Callback, Progress, Training, TrainingConfig
from .commands import PROMPT, refuse_existing
from .output import steady_output
from .run_folder import RunFolder
from .signals import Signals

PIECES = 5 * POSITIONS
"""The most byte pairs that a new model sees: as many letters as its words would have."""
TELLINGS = 10
"""How often a part tells of the texts that are held out."""


@dataclass
class Part:
    """A part of the training, and its corpus.

    Attributes:
        name: as it is called on the screen and in the folder of checkpoints.
        rate: the learning rate.
        texts: to learn from.
        places: where in its file each text stands, those that are held out later among them.
        held_out: to be tested on.
    """

    name: str
    rate: float
    texts: list[str]
    places: list[str]
    held_out: list[str]

    def hold_out(self, share: float, seed: int) -> None:
        """Set a share of the texts aside, at least one; copies of one text stay together."""
        distinct = list(dict.fromkeys(self.texts))
        count = min(len(distinct) - 1, max(1, round(share * len(distinct))))
        chosen = {distinct[i] for i in np.random.default_rng(seed).permutation(len(distinct))[:count]}
        self.held_out = [text for text in self.texts if text in chosen]
        self.texts = [text for text in self.texts if text not in chosen]


class HeldOut(Callback):
    """Tells now and then how well a model does on the texts that are held out."""

    def __init__(self, part: Part):
        self.part = part

    def on_step(self, training: Training) -> None:
        every = max(1, training.config.epochs // TELLINGS)
        if self.part.held_out and training.epoch_ended and training.state.epoch % every == 0:
            tqdm.write(f"epoch {training.state.epoch}: {on_held_out(training.llm, self.part)}")


def on_held_out(llm: LLM, part: Part) -> str:
    """The loss and the perplexity of a part's texts that are held out."""
    with np.errstate(all="ignore"):  # a model may have diverged
        loss = llm.loss(part.held_out)
        many = f"{len(part.held_out)} text{'s' * (len(part.held_out) > 1)}"
        return f"{many} held out of {part.name}: loss {loss:.3f}, perplexity {np.exp(loss):,.1f}"


def train(options: Namespace) -> int:
    with steady_output() as streams, Signals() as signals:
        code = _train(options, signals)
    problem = next((stream.problem for stream in streams if stream.problem), None)
    if code == 0 and problem:
        raise problem
    return code


def _train(options: Namespace, signals: Signals) -> int:
    start = LLM.load(options.start) if options.start else None
    parts = _read_parts(options, (start.max_seq_len if start else POSITIONS) + 1)
    texts = [text for part in parts for text in part.texts]
    llm = start or _new_model(texts, options)
    for part in parts:
        _check_texts(part, llm)
    for doubt in doubts(texts, llm.vocab):
        print(f"warning: {doubt}", file=sys.stderr)
    if options.val:
        for part in parts:
            part.hold_out(options.val, options.seed)

    folder = _run_folder(options, parts)
    first, resumed = 0, None
    if options.resume:
        if not folder:
            raise TrainingError(
                "a run without checkpoints cannot go on", remedy="Leave out --no-checkpoints."
            )
        first, resumed = folder.resume([part.texts for part in parts])
    if resumed:
        llm = resumed.llm
        print(f"going on after step {resumed.state.steps} of {parts[first].name}")
    overwrite = _check_out(options, resumed)
    _try_to_save(llm, options.out)
    signals.patient = True  # from here on there is something to lose
    if folder and not resumed:
        folder.begin(options.force or options.resume)  # resumed before its first checkpoint, it begins anew

    question = PROMPT.format(options.ask) if options.ask else parts[1].texts[0].split(" Assistant:")[0]
    pieces = "words" if isinstance(llm.vocab, Vocab) else "pieces"
    print(f"{len(llm.vocab)} {pieces}, {llm.parameters.flat.size:,} parameters")
    _show_answer("before", llm, question)
    steps, problem = 0, None
    try:
        for part in parts[first:]:
            config = TrainingConfig(options.epochs, part.rate, options.batch_size)
            training = resumed if resumed and part is parts[first] else Training(llm, part.texts, config)
            before = training.state.steps
            try:
                _run(training, part, folder, signals)
            finally:
                steps += training.state.steps - before
            if signals.ended(training):
                break
    except Exception as found:  # whatever it is, the model comes first
        problem = found

    if (problem or signals.number) and not steps:
        if folder and not resumed:
            folder.clear()
        if problem:
            raise problem
        print("ended before the first step: there is nothing new to save")
        return 128 + signals.number
    try:
        place, missed = _save(llm, options.out, overwrite)
    except FileError as nowhere:
        if folder:
            nowhere.remedy += f" The newest checkpoint is in {folder.folder}: --resume goes on with it."
        raise
    if folder and not (options.checkpoints or problem or missed or signals.number):
        folder.clear()
    signals.patient = False
    print(f"saved {place} ({place.stat().st_size:,} bytes; RustGPT reads this: ", end="")
    print(f"{rustgpt_reads(llm.network, place)})")
    if signals.number:
        goes_on = ": the same command with --resume goes on" if folder else ""
        print(f"ended by {signal.Signals(signals.number).name}{goes_on}")
    for part in parts:
        if part.held_out:
            print(on_held_out(llm, part))
    _show_answer("after", llm, question)
    if problem := problem or missed:
        if isinstance(problem, ModelError):
            problem.remedy = f"{problem.remedy} The model is saved as {place}.".lstrip()
        raise problem
    return 128 + signals.number if signals.number else 0


def _new_model(texts: list[str], options: Namespace) -> LLM:
    """RustGPT's network for these texts; pieces are shorter than words, so that it sees more of them."""
    if not options.byte_pairs:
        return LLM.build(Vocab.from_texts(texts), max_seq_len=POSITIONS, seed=options.seed)
    pairs = BytePairs.train(texts, options.byte_pairs)
    longest = max(len(pairs.encode(text)) for text in texts)
    return LLM.build(pairs, max_seq_len=min(max(longest, POSITIONS), PIECES), seed=options.seed)


def _read_parts(options: Namespace, longest: int) -> list[Part]:
    """Both corpora; tells what was understood of each."""
    parts = []
    for name, path, rate in (
        ("pretraining", options.pretraining or DATA / "statements.json", options.pretraining_rate),
        ("chat", options.chat or DATA / "chat.json", options.chat_rate),
    ):
        corpus = read_corpus(path, longest=longest)
        print(corpus.understood)
        parts.append(Part(name, rate, corpus.texts, corpus.places, []))
    return parts


def _check_texts(part: Part, llm: LLM) -> None:
    """Refuse a text that the model cannot learn from; says where it stands."""
    for text, place in zip(part.texts, part.places, strict=True):
        try:
            llm.sequences([text])
        except DataError as problem:
            problem.where = place
            raise


def _run_folder(options: Namespace, parts: Sequence[Part]) -> RunFolder | None:
    """Where the checkpoints go, if there are to be any."""
    if options.no_checkpoints:
        return None
    names = "epochs", "batch_size", "pretraining_rate", "chat_rate", "seed", "val", "byte_pairs"
    identity = {f"--{name.replace('_', '-')}": getattr(options, name) for name in names}
    identity["texts"] = hashlib.sha256(json.dumps([part.texts for part in parts]).encode()).hexdigest()
    folder = options.checkpoints or options.out.parent / f"{options.out.name}.checkpoints"
    return RunFolder(folder, identity, [part.name for part in parts], options.checkpoint_every)


def _check_out(options: Namespace, resumed: Training | None) -> bool:
    """Whether a file that is there already may be replaced: by `--force`, or because the same model is in it.

    Raises:
        FileError: it may not, or is no file.
        DataError: it is a corpus that this command learns from.
    """
    out: Path = options.out
    if not out.exists():
        return bool(options.force)
    require_regular(out, out.stat().st_mode)
    if any(path and out.samefile(path) for path in (options.pretraining, options.chat)):
        raise DataError("the model would replace its own corpus", where=out, remedy="Name another --out.")
    same = bool(options.start and out.samefile(options.start)) or bool(resumed and _holds(out, resumed.llm))
    refuse_existing(out, options.force or same)
    return True


def _holds(path: Path, llm: LLM) -> bool:
    """Whether a file holds this very model, as the one does that a run saved when it was ended."""
    try:
        other = LLM.load(path)
    except ModelError:
        return False
    return other.vocab == llm.vocab and np.array_equal(other.parameters.flat, llm.parameters.flat)


def _try_to_save(llm: LLM, out: Path) -> None:
    """Find out before the training, not after it, that its result could not be saved here."""
    try:
        with tempfile.TemporaryDirectory(prefix=".rustgpt_lab-", dir=out.parent) as folder:
            llm.save(Path(folder) / out.name)
    except OSError as problem:
        raise access_error("no model could be saved here", out, problem) from problem
    except FileError as problem:
        problem.where.file = str(out)
        raise


def _run(training: Training, part: Part, folder: RunFolder | None, signals: Signals) -> None:
    """Take a part's steps, until a signal comes or all are done."""
    config = training.config
    print(f"{part.name}: {len(part.texts)} texts, {config.epochs} epochs at {config.learning_rate:g}")
    bar = Progress(every=0.2 if sys.stderr.isatty() else 10)  # a log file shall not be full of it
    training.run([signals, HeldOut(part), *([folder.checkpoints(part.name)] if folder else []), bar])
    if training.state.steps:  # a step is checked by the next one, so the last needs this
        with np.errstate(all="ignore"):
            training.check(training.llm.loss(part.texts[: config.batch_size]))


def _save(llm: LLM, out: Path, overwrite: bool) -> tuple[Path, FileError | None]:
    """Save the model, beside its place or among temporary files if it must be; returns where, and why not there.

    Raises:
        FileError: no place would take it.
    """
    other = f"{secrets.token_hex(4)}-{out.name}"
    missed: FileError | None = None
    for place in (out, out.with_name(other), Path(tempfile.gettempdir()) / other):
        try:
            llm.save(place, overwrite=overwrite and place is out)
            return place, missed
        except FileError as problem:
            missed = missed or problem
    assert missed
    raise missed


def _show_answer(when: str, llm: LLM, question: str) -> None:
    answer = llm.predict(question) or "(no answer: the model knows no word of this, or it is too long)"
    print(f"{when}: {question}\n    {answer}")
