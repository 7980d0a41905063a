"""What a model says after some texts: word by word with probabilities, or all hypotheses of a beam."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import GenerationError
from ..numerics import Array
from ..texts import check_texts
from .beam import Beam, Branch
from .loop import write
from .strategy import Greedy, Said, Strategy, check, is_whole

if TYPE_CHECKING:
    from ..llm import LLM

GREEDY, BEAM = Greedy(), Beam()


def say(
    llm: LLM, texts: Sequence[str], strategy: Strategy = GREEDY, **options: Any
) -> Iterator[Said | Branch]:
    """Every word that follows some texts as it is chosen, each with its `prompt`, `id` and `probability`.

    A beam says only its best text, when all are done. The arguments are those of `turns`.
    """
    if isinstance(strategy, Beam):
        return (
            best._replace(ids=best.ids[:n], logs=best.logs[:n])
            for best, *_ in filter(None, hypotheses(llm, texts, strategy, **options))
            for n in range(1, len(best.ids) + 1)
        )
    return (
        Said(text.prompt, text.ids[-1], row)
        for written, scores, _ in turns(llm, texts, strategy, **options)
        for text, row in zip(written, scores, strict=True)
    )


def answers(
    llm: LLM, texts: Sequence[str], strategy: Strategy = GREEDY, **options: Any
) -> list[Sequence[int]]:
    """The ids that follow each of some texts, the best ones of a beam; the arguments are those of `turns`."""
    return [ended[0].ids if ended else () for ended in _ended(llm, texts, strategy, **options)]


def hypotheses(llm: LLM, texts: Sequence[str], strategy: Beam = BEAM, **options: Any) -> list[list[Branch]]:
    """All that a beam found to say after each of some texts, the best first; the arguments are those of `turns`."""
    return _ended(llm, texts, strategy, **options)


def _ended(llm: LLM, texts: Sequence[str], strategy: Strategy, **options: Any) -> list[list[Any]]:
    """By prompt, every text that has ended: one, or of a beam all hypotheses, the best first."""
    found: list[list[Any]] = [[] for _ in texts]
    for written, _, over in turns(llm, texts, strategy, **options):
        for row in over:
            found[written[row].prompt].append(written[row])
    if isinstance(strategy, Beam):
        for branches in found:
            branches.sort(key=lambda branch: -branch.score)
    return found


def turns(
    llm: LLM,
    texts: Sequence[str],
    strategy: Strategy,
    stop: str | Iterable[str] = (),
    most: int | None = None,
) -> Iterator[tuple[list, Array, list[int]]]:
    """The turns of the loop (see `loop.write`) after some texts.

    A text ends with `</s>`, with a stop word, or where the model can see no further. Nothing follows an empty text, or
    one that is as long as the model can see.

    Args:
        llm: its weights must not change meanwhile.
        strategy: `Greedy()`, `Sampling(...)` or `Beam(...)`.
        stop: words that end a text, or several in a row such as "User :"; they are said, as `</s>` is.
        most: how many words follow each text at most.

    Raises:
        GenerationError: the model does not know a stop word, or there is no such strategy or number.
    """
    check("strategy", strategy, isinstance(strategy, Strategy), "Greedy(), Sampling(...) or Beam(...)")
    check("most", most, most is None or is_whole(most, 1), "a whole number, 1 or more")
    prompts, see = [llm.tokenize(text) for text in check_texts(texts)], llm.max_seq_len
    rooms = [min(see - len(ids), most or see) for ids in prompts]
    ends = [_stop(llm, words) for words in ([stop] if isinstance(stop, str) else stop)]
    if llm.vocab.end is not None:
        ends.append((llm.vocab.end,))
    return write(llm.network, prompts, strategy, rooms, ends)


def _stop(llm: LLM, words: str) -> tuple[int, ...]:
    ids = llm.tokenize(words)
    if not ids or llm.vocab.unknown(words):
        raise GenerationError(
            "the model cannot say a word that it is to stop at", where="stop", got=repr(words)
        )
    return tuple(ids)
