"""Checkpoints: exact resumption, and what is left when things go wrong."""

import errno
import gc
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rustgpt_lab import LLM, folder_lock
from rustgpt_lab.errors import AccessError, DivergenceError, FileError, TrainingError
from rustgpt_lab.folder_lock import NAME, FolderLock
from rustgpt_lab.optim.clipping import (
    AGC,
    AdaptiveClippingConfig,
    AdaptiveGradientClipping,
    Centralization,
    Chain,
    Clipping,
    L2GradientClipping,
)
from rustgpt_lab.optim.rustgpt import RustGPTLogitClipping
from rustgpt_lab.optim.schedule import Constant, StepDecay, WarmupCosine
from rustgpt_lab.persistence import checkpoint
from rustgpt_lab.persistence.checkpoint import Checkpoints, DamagedCheckpointWarning
from rustgpt_lab.tokenizers import BytePairs, Vocab
from rustgpt_lab.training import Training, TrainingConfig, TrainingSession
from tests.training.small import TEXTS, At, small_llm

CLIPPINGS = [
    None,
    L2GradientClipping(0.3),
    AdaptiveGradientClipping(),
    AdaptiveGradientClipping(AdaptiveClippingConfig(use_agc=False, l2_threshold=0.1)),
    RustGPTLogitClipping(),
    Chain(Centralization(), AGC(0.05), L2GradientClipping(1.0)),
]
SCHEDULES = [None, Constant(0.5), WarmupCosine(5, 30, 0.1), StepDecay(7, 0.9)]

GO_ON = """
import sys
from rustgpt_lab import LLM
from rustgpt_lab.persistence.checkpoint import Checkpoints
from tests.training.small import TEXTS
for folder in sys.argv[1:]:
    training = LLM.resume(folder, TEXTS)
    training.run([Checkpoints(folder, every_steps=100)])
"""


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def saved_run(folder: Path, steps: int = 30, **options: Any) -> Training:
    """A run of so many steps, with a checkpoint after every 10th."""
    training = Training(small_llm(), TEXTS, TrainingConfig(10, 0.01, 2, **options))
    checkpoints = Checkpoints(folder, every_steps=10)
    checkpoints.on_start(training)
    for _ in range(steps):
        training.step()
        checkpoints.on_step(training)
    return training


def same(one: Training, other: Training) -> bool:
    """The same bits: weights, Adam's state, place and history, but for the time."""
    pairs = [
        (one.llm.parameters.flat, other.llm.parameters.flat),
        (one.llm.adam.m.flat, other.llm.adam.m.flat),
        (one.llm.adam.v.flat, other.llm.adam.v.flat),
        *zip(
            (column for name, column in one.history.columns().items() if name != "seconds"),
            (column for name, column in other.history.columns().items() if name != "seconds"),
            strict=True,
        ),
    ]
    return one.llm.adam.settings == other.llm.adam.settings and all((a == b).all() for a, b in pairs)


def test_2n_steps_are_n_steps_a_new_process_and_n_steps_for_every_clipping_and_schedule(
    tmp_path: Path,
) -> None:
    """To the same bits, in the middle of an epoch with an order of its own."""
    straight = {}
    for i, clipping in enumerate(CLIPPINGS):
        for j, schedule in enumerate(SCHEDULES):
            config = TrainingConfig(8, 0.01, 2, clipping, schedule, shuffle=True, seed=3)
            whole, half = (Training(small_llm(), TEXTS, config, norms=True) for _ in range(2))
            whole.run()
            folder = tmp_path / f"{i}-{j}"
            checkpoints = Checkpoints(folder, every_steps=100)
            checkpoints.on_start(half)
            for _ in range(14):
                half.step()
            checkpoints.on_end(half)
            straight[folder] = whole
    subprocess.run([sys.executable, "-c", GO_ON, *map(str, straight)], check=True)
    for folder, whole in straight.items():
        resumed = LLM.resume(folder, TEXTS)
        assert resumed.config == whole.config
        assert len(resumed.history) == len(whole.history) == 32
        assert same(resumed, whole), folder.name


@pytest.mark.parametrize("pairs", [False, True], ids=["words", "byte pairs"])
@pytest.mark.parametrize("family", ["rustgpt", "gpt2", "llama"])
def test_every_family_goes_on_with_words_and_with_byte_pairs(
    family: str, pairs: bool, tmp_path: Path
) -> None:
    options = {} if family == "rustgpt" else {"heads": 2}
    vocab = BytePairs.train(TEXTS, 270) if pairs else Vocab.from_texts(TEXTS)
    runs = [
        Training(
            LLM.build(vocab, 8, 12, 1, max_seq_len=40, architecture=family, **options),
            TEXTS,
            TrainingConfig(4, 0.01, 2, shuffle=True, seed=3),
        )
        for _ in range(2)
    ]
    whole, half = runs
    whole.run()
    checkpoints = Checkpoints(tmp_path, every_steps=100)
    checkpoints.on_start(half)
    for _ in range(5):
        half.step()
    checkpoints.on_end(half)
    resumed = LLM.resume(tmp_path, TEXTS)
    resumed.run()
    assert resumed.llm.vocab == vocab and same(resumed, whole)
    models = {path.suffix for path in tmp_path.glob("step-*")} - {".json"}
    assert models == ({".safetensors"} if pairs or family == "llama" else {".bin"})


@pytest.mark.parametrize("workers", [1, 2])
def test_a_resumed_run_drops_what_it_would_have_dropped(tmp_path: Path, workers: int) -> None:
    """What is drawn follows from the seed and the step's number; another seed drops otherwise."""
    make = partial(small_llm, architecture="gpt2", heads=2, dropout=0.3)
    runs = [
        Training(make(), TEXTS, TrainingConfig(8, 0.01, 2, workers=workers, seed=seed)) for seed in (3, 3, 4)
    ]
    whole, half, other = runs
    whole.run()
    other.run()
    checkpoints = Checkpoints(tmp_path, every_steps=100)
    checkpoints.on_start(half)
    for _ in range(14):
        half.step()
    checkpoints.on_end(half)
    half.close()
    resumed = LLM.resume(tmp_path, TEXTS)
    resumed.run()
    assert same(resumed, whole)
    assert not (whole.llm.parameters.flat == other.llm.parameters.flat).all()


def test_the_newest_are_kept_and_the_last_step_is_among_them(tmp_path: Path) -> None:
    llm = small_llm()
    llm.train(TEXTS, 6, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=10, keep=2)])
    steps = (40, 42)
    assert files(tmp_path) == [f"step-{n:010}{s}" for n in steps for s in (".bin", ".json")]
    weights = LLM.load(tmp_path / "step-0000000042.bin").parameters.flat
    assert (weights == llm.parameters.flat).all()


def test_one_is_written_after_so_many_seconds(tmp_path: Path) -> None:
    small_llm().train(TEXTS, 1, 0.01, callbacks=[Checkpoints(tmp_path, every_seconds=1e-9, keep=100)])
    assert len(files(tmp_path)) == 2 * 7


def test_the_sidecar_is_json_and_bound_to_its_model(tmp_path: Path) -> None:
    saved_run(tmp_path, 10)
    content = json.loads((tmp_path / "step-0000000010.json").read_bytes())
    assert content.keys() == {"sha256", "state"}
    assert content["state"]["state"]["steps"] == 10
    assert content["state"]["config"]["batch_size"] == 2


@pytest.mark.parametrize("suffix", [".bin", ".json"])
@pytest.mark.parametrize("damage", ["a flipped bit", "cut short", "empty", "gone"])
def test_a_damaged_newest_is_reported_and_the_one_before_is_used(
    tmp_path: Path, suffix: str, damage: str
) -> None:
    saved_run(tmp_path)
    path = tmp_path / f"step-0000000030{suffix}"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"a flipped bit": data, "cut short": data[:-100], "empty": b""}[damage])
    if (suffix, damage) == (".json", "gone"):  # then there is no such checkpoint
        assert LLM.resume(tmp_path, TEXTS).state.steps == 20
        return
    with pytest.warns(
        DamagedCheckpointWarning, match=r"step-0000000030\.json: .* Step 20 is used\."
    ) as caught:
        training = LLM.resume(tmp_path, TEXTS)
    assert len(caught) == 1
    reference = Training(small_llm(), TEXTS, training.config)
    for _ in range(20):
        reference.step()
    assert same(training, reference)


def test_when_none_is_whole_that_is_an_error(tmp_path: Path) -> None:
    saved_run(tmp_path)
    for path in tmp_path.glob("*.bin"):
        path.write_bytes(b"")
    with pytest.raises(
        FileError, match=r"none of the checkpoints is whole; found step-0000000030\.json: .*0020"
    ):
        LLM.resume(tmp_path, TEXTS)


def test_an_empty_folder_holds_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no checkpoint here"):
        LLM.resume(tmp_path, TEXTS)


@pytest.mark.parametrize("texts", [TEXTS[:-1], TEXTS[::-1]])
def test_other_texts_are_refused(tmp_path: Path, texts: list[str]) -> None:
    saved_run(tmp_path, 10)
    with pytest.raises(TrainingError, match="these are not the texts that the run learned from"):
        LLM.resume(tmp_path, texts)


def test_a_folder_with_another_run_is_refused(tmp_path: Path) -> None:
    saved_run(tmp_path, 10)
    before = files(tmp_path)
    with pytest.raises(
        TrainingError, match=r"holds the checkpoints of another run, .* found step-0000000010\.json"
    ):
        small_llm().train(TEXTS, 1, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=1)])
    assert files(tmp_path) == before


def test_what_cannot_be_kept_is_refused_before_the_first_step(tmp_path: Path) -> None:
    class Own(Clipping):
        pass

    for llm, options, message in (
        (small_llm(dtype="float64"), {}, "expected a float32 model, .* found float64"),
        (small_llm(), {"clipping": Own()}, "this cannot be kept in a checkpoint; expected a clipping"),
        (
            small_llm(),
            {"schedule": lambda step: 1.0},
            "this cannot be kept in a checkpoint; expected a clipping",
        ),
    ):
        before = llm.parameters.flat.copy()
        with pytest.raises(TrainingError, match=message):
            llm.train(TEXTS, 1, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=1)], **options)
        assert (llm.parameters.flat == before).all()
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "options", [{}, {"every_steps": 0}, {"every_seconds": -1.0}, {"every_steps": 1, "keep": 0}]
)
def test_arguments_out_of_range_are_refused(tmp_path: Path, options: dict) -> None:
    with pytest.raises(TrainingError):
        Checkpoints(tmp_path, **options)


def test_numbers_of_numpy_and_no_limit_come_back(tmp_path: Path) -> None:
    training = saved_run(tmp_path, 10, seed=np.int64(3), loss_limit=np.float32(50))
    assert LLM.resume(tmp_path, TEXTS).config == training.config
    assert LLM.resume(tmp_path, TEXTS).config.loss_limit == 50.0


def test_a_session_that_goes_back_leaves_no_checkpoint_of_the_future_it_gave_up(tmp_path: Path) -> None:
    session = TrainingSession(
        small_llm(), TEXTS, 100, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=10)]
    )
    session.step(50)
    session.rewind(25)
    session.set(learning_rate=0.02)
    session.step(10)
    session.stop()
    assert LLM.resume(tmp_path, TEXTS).state.steps == 35
    assert same(LLM.resume(tmp_path, TEXTS), session.training)
    assert not [name for name in files(tmp_path) if name.startswith("step") and int(name[5:15]) > 35]


def test_what_a_kill_left_behind_is_swept_and_nothing_else(tmp_path: Path) -> None:
    training = saved_run(tmp_path)
    before = files(tmp_path)
    strangers = ["notes.txt", "step-final.bin", ".hidden.tmp"]
    for name in (".rustgpt_lab-0123456789abcdef.tmp", "step-0000000031.bin", *strangers):
        (tmp_path / name).write_bytes(b"x")
    for name in (NAME, ".step-0000000031.part"):  # a killed process leaves the files, and the lock goes
        (tmp_path / name).write_bytes(b"1")
    checkpoints = Checkpoints(tmp_path, every_steps=10)
    checkpoints.on_start(training)
    checkpoints.on_end(training)
    assert files(tmp_path) == sorted([*before, *strangers])


def test_after_a_full_disk_the_next_run_puts_the_folder_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model was written, its sidecar was not."""
    training = saved_run(tmp_path)

    def full(path: Path) -> None:
        raise AccessError("the file cannot be written", where=str(path), got="No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "atomic_write", full)
        with pytest.raises(AccessError, match="No space left"):
            training.run([Checkpoints(tmp_path, every_steps=1)])
    assert "step-0000000031.bin" in files(tmp_path)
    resumed = LLM.resume(tmp_path, TEXTS)
    assert resumed.state.steps == 30
    resumed.run([Checkpoints(tmp_path, every_steps=100)])
    assert files(tmp_path) == [f"step-{n:010}{s}" for n in (20, 30, 40) for s in (".bin", ".json")]


# ---- whose folder it is


def test_models_that_no_run_wrote_are_neither_removed_nor_overwritten_and_named(tmp_path: Path) -> None:
    names = [f"step-{n:010}.bin" for n in (3, 10, 20, 30)]
    for name in names:
        (tmp_path / name).write_bytes(b"downloaded")
    llm = small_llm()
    with pytest.raises(TrainingError, match=r"or models of such names; found step-.*30\.bin, .* and 1 more"):
        llm.train(TEXTS, 2, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=1)])
    assert files(tmp_path) == names
    assert all((tmp_path / name).read_bytes() == b"downloaded" for name in names)
    with pytest.raises(
        FileError, match=r"no checkpoint here; found models without .*: step-0000000003\.bin, .*LLM\.load"
    ):
        LLM.resume(tmp_path, TEXTS)


def test_a_resumed_run_leaves_other_people_s_models_alone(tmp_path: Path) -> None:
    saved_run(tmp_path)
    (tmp_path / "step-0000000031.bin").write_bytes(b"downloaded")
    with pytest.raises(TrainingError, match=r"found step-0000000031\.bin"):
        LLM.resume(tmp_path, TEXTS).run([Checkpoints(tmp_path, every_steps=1)])
    assert (tmp_path / "step-0000000031.bin").read_bytes() == b"downloaded"
    assert LLM.resume(tmp_path, TEXTS).state.steps == 30


def test_a_run_that_has_begun_elsewhere_does_not_write_over_another_s(tmp_path: Path) -> None:
    saved_run(tmp_path)
    before = files(tmp_path)
    training = Training(small_llm(), TEXTS, TrainingConfig(10, 0.01))
    training.step()
    with pytest.raises(TrainingError, match="this folder holds the checkpoints of another run"):
        training.run([Checkpoints(tmp_path, every_steps=1)])
    assert files(tmp_path) == before


def test_two_runs_in_one_folder_are_one_too_many(tmp_path: Path) -> None:
    session = TrainingSession(small_llm(), TEXTS, 9, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=2)])
    session.step(3)
    here = re.escape(str(tmp_path))
    with pytest.raises(
        TrainingError,
        match=f"^{here}: another run keeps its checkpoints in this folder; found this very process",
    ):
        small_llm().train(TEXTS, 1, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=1)])
    run = subprocess.run([sys.executable, "-c", GO_ON, str(tmp_path)], text=True, capture_output=True)
    assert f"another run keeps its checkpoints in this folder; found process {os.getpid()}" in run.stderr
    assert LLM.resume(tmp_path, TEXTS).state.steps == 2
    session.stop()
    assert NAME not in files(tmp_path)
    LLM.resume(tmp_path, TEXTS).run([Checkpoints(tmp_path, every_steps=100)])


def test_a_session_that_nobody_has_any_more_lets_its_folder_go(tmp_path: Path) -> None:
    session = TrainingSession(small_llm(), TEXTS, 9, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=2)])
    session.step(3)
    assert NAME in files(tmp_path)
    del session
    gc.collect()
    assert NAME not in files(tmp_path)


def test_the_lock_of_a_dead_process_is_none(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"1")
    lock = FolderLock(tmp_path)
    assert (tmp_path / NAME).read_text() == str(os.getpid())
    lock.release()
    assert files(tmp_path) == []


def test_a_disk_without_locks_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(file: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(folder_lock, "_lock", none)
    small_llm().train(TEXTS, 1, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=7)])
    assert files(tmp_path) == ["step-0000000007.bin", "step-0000000007.json"]


# ---- which line is the present one


def test_after_a_rewind_the_newest_checkpoint_of_the_present_line_is_resumed(tmp_path: Path) -> None:
    session = TrainingSession(small_llm(), TEXTS, 100, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=5)])
    session.step(40)
    session.rewind(10)
    assert LLM.resume(tmp_path, TEXTS).state.steps == 10, "there is one at once, though none was left there"
    session.set(learning_rate=1e-4)
    session.step(25)
    resumed = LLM.resume(tmp_path, TEXTS)
    assert resumed.state.steps == 35
    assert resumed.config.learning_rate == 1e-4
    assert same(resumed, session.training)
    aside = [name for name in files(tmp_path) if name.startswith("aside")]
    assert aside == [f"aside-{n:010}{s}" for n in (30, 35, 40) for s in (".bin", ".json")]


def test_a_finished_session_that_goes_back_is_where_it_went(tmp_path: Path) -> None:
    session = TrainingSession(small_llm(), TEXTS, 3, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=5)])
    session.step(21)
    assert (session.state, LLM.resume(tmp_path, TEXTS).state.steps) == ("finished", 21)
    session.rewind(12)
    assert LLM.resume(tmp_path, TEXTS).state.steps == 12
    session.step(1)
    session.stop()
    assert LLM.resume(tmp_path, TEXTS).state.steps == 13


def test_what_was_set_aside_does_not_pile_up(tmp_path: Path) -> None:
    session = TrainingSession(
        small_llm(), TEXTS, 99, 0.01, callbacks=[Checkpoints(tmp_path, every_steps=1, keep=2)]
    )
    for back in range(4):
        session.step(5 + back)
        session.rewind(back)
    assert len([name for name in files(tmp_path) if name.startswith("aside")]) == 4


def test_after_divergence_a_second_try_is_the_present_line(tmp_path: Path) -> None:
    training = Training(small_llm(), TEXTS, TrainingConfig(100, 0.01))
    bad = At(150, lambda t: t.llm.parameters["1.w_q"].fill(np.nan))
    with pytest.raises(DivergenceError, match="after step 100"):
        training.run([Checkpoints(tmp_path, every_steps=10), bad])
    assert LLM.resume(tmp_path, TEXTS).state.steps == 150
    training.config = replace(training.config, learning_rate=0.001)
    training.run([Checkpoints(tmp_path, every_steps=10), At(115, Training.stop)])
    assert LLM.resume(tmp_path, TEXTS).state.steps == 115
    assert same(LLM.resume(tmp_path, TEXTS), training)


# ---- what it holds


def test_a_checkpoint_of_the_first_edition_goes_on_as_it_did_there() -> None:
    """`first_edition` was written by rustgpt_lab 0.1.0, whose next five losses these are."""
    texts = ["the cat sees the dog </s>", "a bird sings </s>", "a cat sleeps </s>"]
    training = LLM.resume(Path(__file__).parent / "first_edition", texts)
    clipping = Chain(Centralization(), AGC(0.05), L2GradientClipping(1.0))
    schedule = WarmupCosine(5, 30, 0.1)
    assert training.config == TrainingConfig(9, 0.01, 2, clipping, schedule, shuffle=True, seed=3)
    assert (training.state.steps, training.state.epoch, training.state.position) == (5, 2, 2)
    for _ in range(5):
        training.step()
    there = [3.0468828678, 2.5512249469, 3.0683448314, 2.2571251392, 2.2800204754]
    there += [3.0278692245, 2.7963039875, 2.2717807293, 2.4129106998, 3.4791636466]
    np.testing.assert_allclose(training.history.loss, there, rtol=1e-5)


def test_plain_descent_is_kept_and_a_velocity_refused(tmp_path: Path) -> None:
    training = saved_run(tmp_path, optimizer="descent")
    resumed = LLM.resume(tmp_path, TEXTS)
    assert resumed.config.optimizer == "descent"
    for run in (training, resumed):
        run.step()
    assert (resumed.llm.parameters.flat == training.llm.parameters.flat).all()
    with pytest.raises(TrainingError, match=r"would not keep the velocity .*found momentum=0\.9"):
        saved_run(tmp_path / "other", optimizer="descent", momentum=0.9)
    assert not (tmp_path / "other").exists()


def test_a_later_version_s_checkpoint_is_not_guessed_at(tmp_path: Path) -> None:
    saved_run(tmp_path, 10)
    sidecar = tmp_path / "step-0000000010.json"
    body = sidecar.read_bytes()[87:-2].replace(b'"version":2', b'"version":3')
    digits = hashlib.sha256(body).hexdigest().encode()
    sidecar.write_bytes(b'{"sha256": "' + digits + b'", "state": ' + body + b"}\n")
    with pytest.raises(FileError, match="version 3, which only a later rustgpt_lab can read"):
        LLM.resume(tmp_path, TEXTS)


# ---- kills


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork, nor a kill that cannot be caught")
@pytest.mark.parametrize("mode", ["checkpoints", "session"])
def test_kills_at_random_moments_leave_a_sound_checkpoint(mode: str) -> None:
    """In a process of its own, which forks; see `tests/training/kill.py`."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.training.kill", "25", mode], check=False, text=True, capture_output=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("25 kills")
