"""Branches: runs that leave a session at some moment, and go on beside it in their own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import ref

from ..errors import TrainingError
from ..parameters import walk
from .run import Training
from .snapshot import Snapshot
from .step import step as take_step

if TYPE_CHECKING:
    from .session import TrainingSession

FIRST_INTERVAL = 10
"""Steps between two snapshots, as long as there is room for all of them."""


class Family:
    """A session and all that were forked from it, and the one memory that holds the snapshots of all.

    Each keeps that of the moment in which it began, and more, every `interval` steps. When the memory is full, every
    second one of them goes, of all, and from then on they are twice as far apart.

    Args:
        memory: bytes for snapshots; every member has room for two at least.
    """

    def __init__(self, memory: int):
        self.memory, self.interval = memory, FIRST_INTERVAL
        self._members: list[ref[TrainingSession]] = []
        self._lock = RLock()  # each runs in a thread of its own

    def __iter__(self) -> Iterator[TrainingSession]:
        """Those that still exist, the oldest first."""
        with self._lock:
            found = [(entry, entry()) for entry in self._members]
            self._members = [entry for entry, session in found if session is not None]
        return (session for _, session in found if session is not None)

    def join(self, session: TrainingSession) -> None:
        """Take in a session, and keep the moment in which it is.

        Raises:
            TrainingError: the memory is too small.
        """
        first = _here(session.training)
        with self._lock:
            self._room, count = self.memory // first.buffers.nbytes, len(list(self))
            if self._room < 2 * (count + 1):
                least = f"at least {2 * (count + 1) * first.buffers.nbytes:,} bytes, for two snapshots"
                least += f" of each of {count + 1} branches" if count else ""
                remedy = "Let go of branches that are no longer needed (del branch)." if count else ""
                raise TrainingError(
                    "too little memory to rewind",
                    where="memory",
                    expected=least,
                    got=f"{self.memory:,}",
                    remedy=remedy,
                )
            self._make_room()
            session.snapshots = {session.begins: first}
            self._members.append(ref(session))

    def keep(self, session: TrainingSession) -> None:
        """Keep the moment in which a session is, if it is time for that."""
        steps = session.training.state.steps
        with self._lock:
            if steps % self.interval == 0:
                self._make_room()
            if steps % self.interval == 0:  # which may have become longer
                session.snapshots[steps] = _here(session.training)

    def forget(self, session: TrainingSession, step: int) -> None:
        """Drop a session's snapshots of what came after a step."""
        with self._lock:
            session.snapshots = {taken: kept for taken, kept in session.snapshots.items() if taken <= step}

    def before(self, session: TrainingSession, step: int) -> Snapshot:
        """A session's last snapshot up to a step."""
        with self._lock:
            return session.snapshots[max(taken for taken in session.snapshots if taken <= step)]

    def _make_room(self) -> None:
        """Let there be room for one more."""
        while sum(len(session.snapshots) for session in self) >= self._room:
            self.interval *= 2
            for session in self:
                session.snapshots = {
                    taken: kept
                    for taken, kept in session.snapshots.items()
                    if taken % self.interval == 0 or taken == session.begins
                }


def _here(training: Training) -> Snapshot:
    return Snapshot.take(training.network, training.optimizer, training.state)


def check_moment(session: TrainingSession, step: int) -> None:
    """Refuse a step that a session has not taken, or that was taken before it was forked."""
    if not session.begins <= step <= len(session.history):
        expected = f"{session.begins} to {len(session.history)}"
        remedy = "Earlier moments are those of the run that it was forked from." if session.begins else ""
        raise TrainingError(
            "there is no such moment to go back to", where="step", expected=expected, got=step, remedy=remedy
        )


def put_back(session: TrainingSession, training: Training, step: int) -> None:
    """Bring a run to the moment after a session's step: to the last snapshot before it, and on from there."""
    training.restore(session.family.before(session, step))
    while training.state.steps < step:
        training.config = session.config_after(training.state.steps)
        take_step(training)
    training.config = session.config_after(step)


def run_at(session: TrainingSession, step: int) -> Training:
    """A run of its own, model and all, that stands where a session stood after a step."""
    check_moment(session, step)
    with session.hold():
        twin = session.training.twin()
        if session.state == "ready":  # its first snapshot may be older than the weights
            return twin
    put_back(session, twin, step)
    return twin


def exchange(training: Training, bug: type) -> None:
    """Let every part of a run, layer or optimizer, that is of the kind a bug derives from be of the bug's kind.

    Its weights and its settings stay.

    Raises:
        TrainingError: there is no such part.
    """
    parts: list[Any] = [*(layer for _, layer in walk(training.network.layers)), training.optimizer]
    found = [part for part in parts if type(part) in bug.__bases__]
    if not found:
        kinds = ", ".join(sorted({type(part).__name__ for part in parts}))
        raise TrainingError(
            "nothing in this run is of the kind that the bug derives from",
            where="bug",
            expected=f"a class derived from one of {kinds}",
            got=repr(bug),
        )
    for part in found:
        part.__class__ = bug


def fork(session: TrainingSession, step: int | None, bug: type | None, changes: dict[str, Any]) -> Any:
    """See `TrainingSession.fork`."""
    for name in ("optimizer", "momentum"):
        if name in changes:
            raise keeps_optimizer(session, name, changes[name])
    training = run_at(session, session.training.state.steps if step is None else step)
    training.config = replace(training.config, **changes)
    if bug is not None:
        exchange(training, bug)
    branch = object.__new__(type(session))
    branch._begin_at(training, (), session.family, bug or session.bug)
    return branch


def keeps_optimizer(session: TrainingSession, name: str, got: object) -> TrainingError:
    """What to raise at an attempt to change the optimizer, or its momentum."""
    return TrainingError(
        "a run keeps its optimizer, whose state belongs to it",
        where=name,
        expected=f"what it is, {getattr(session.config, name)!r}",
        got=repr(got),
        remedy="Make a new session.",
    )
