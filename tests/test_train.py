"""`rustgpt-lab train`: whatever ends it, a model that loads or a checkpoint is there, and the exit code is true."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.cli.run_folder import SteadyCheckpoints
from rustgpt_lab.cli.train import Part
from rustgpt_lab.errors import AccessError
from rustgpt_lab.folder_lock import FolderLock
from rustgpt_lab.persistence import checkpoint

from .kill_train import (
    CHAT,
    COMMAND,
    FACTS,
    LONG,
    TRAIN,
    goes_on,
    hear_signals,
    loads,
    start_training,
    write_corpora,
)

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals for another process")
SHORT = ("--epochs", 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_corpora(tmp_path)
    return tmp_path


def train(folder: Path, *options: object, **settings: object) -> subprocess.CompletedProcess[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    command = [*COMMAND, *TRAIN, *map(str, options)]
    return subprocess.run(command, cwd=folder, timeout=120, **{**pipes, **settings})


def steps(folder: Path) -> int:
    """How many steps the model has learned from; `SHORT` has 12."""
    return LLM.load(folder / "model.bin").adam.settings["1.w_q"].timestep


def refused(folder: Path, *options: object) -> str:
    """The one line with which a training is refused before its first step."""
    before = sorted(folder.rglob("*"))
    done = train(folder, *options)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done
    assert "before:" not in done.stdout and sorted(folder.rglob("*")) == before
    return done.stderr


# ---- before the first step


TOO_LONG = "User: Why? " + "a " * 81 + "</s>"
CORPORA = {
    "chat.json": (json.dumps([*CHAT, "", TOO_LONG]), "row 5 (the first is row 1)"),
    "chat.jsonl": (f"{json.dumps(CHAT[0])}\n\n{json.dumps(TOO_LONG)}\n", "line 3"),
    "chat.csv": (f'"two\nlines </s>"\n,,\n{TOO_LONG}\n', "line 4"),
}


@pytest.mark.parametrize("name", CORPORA)
def test_both_corpora_are_checked_before_the_first_step(name: str, folder: Path) -> None:
    content, place = CORPORA[name]
    (folder / name).write_text(content)
    told = f"{name}, {place}: a text cannot be learned from"
    assert told in refused(folder, "--chat", name)


def test_it_tells_what_it_understood_and_warns_once_of_each_doubt(folder: Path) -> None:
    LLM.build(Vocab.from_texts(FACTS + CHAT), 16, 16, 1).save(folder / "start.bin")
    (folder / "facts.json").write_text(json.dumps([*FACTS, "A dog barks loudly", "A cat barks loudly"]))
    done = train(folder, "--start", "start.bin", "--epochs", 1)
    assert done.stdout.startswith("facts.json: 6 texts, as they stand.\nchat.json: 3 texts, as they stand.\n")
    assert done.stderr.count("warning: ") == 2 and "2 of 9 texts do not end in </s>" in done.stderr
    assert "1 words (2 with repetitions) are not in the vocabulary and are not read: loudly" in done.stderr


def test_its_own_corpus_is_never_replaced_by_the_model(folder: Path) -> None:
    assert "the model would replace its own corpus" in refused(folder, "--out", "chat.json", "--force")


def test_a_place_that_cannot_take_the_model_is_known_before_the_first_step(folder: Path) -> None:
    (folder / "out").mkdir()
    assert "expected a regular file, found a directory" in refused(folder, "--out", "out")
    assert "no model could be saved here" in refused(folder, "--out", "none/model.bin")


# ---- what is held out


def test_a_share_is_held_out_and_its_loss_is_told(folder: Path) -> None:
    done = train(folder, *SHORT, "--val", 0.3)
    assert done.returncode == 0
    assert "pretraining: 3 texts, 3 epochs" in done.stdout and "chat: 2 texts, 3 epochs" in done.stdout
    assert done.stdout.count("\nepoch ") == 6
    *_, facts, chat, _, _ = done.stdout.splitlines()
    assert facts.startswith("1 text held out of pretraining: loss ")
    part = Part("chat", 1.0, CHAT, [], [])
    part.hold_out(0.3, seed=0)
    loss = LLM.load(folder / "model.bin").loss(part.held_out)
    assert chat == f"1 text held out of chat: loss {loss:.3f}, perplexity {2.718281828**loss:,.1f}"


def test_what_is_held_out_depends_on_the_seed_alone_and_copies_stay_together() -> None:
    def held_out(seed: int) -> list[str]:
        part = Part("", 1.0, [f"a {i % 50}" for i in range(100)], [], [])
        part.hold_out(0.2, seed)
        assert len(part.held_out) == 20 and not set(part.held_out) & set(part.texts)
        return part.held_out

    assert held_out(1) == held_out(1) != held_out(2)


# ---- what it must outlive


def test_a_run_that_diverges_saves_the_last_good_weights_and_says_where(folder: Path) -> None:
    done = train(folder, *SHORT, "--chat-rate", 1e30)
    assert done.returncode == 3 and loads(folder)
    assert "which were good" in done.stderr and "The model is saved as model.bin." in done.stderr


def test_a_run_that_diverges_in_its_last_step_does_so_too(folder: Path) -> None:
    done = train(folder, "--epochs", 1, "--batch-size", 9, "--chat-rate", 1e39)
    assert done.returncode == 3 and loads(folder), done


@POSIX
@pytest.mark.parametrize(("broken", "code"), [("stdout", 1), ("stderr", 1), ("both", 1)])
def test_a_full_disk_below_its_output_costs_nothing_and_is_not_hidden(
    folder: Path, broken: str, code: int
) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        done = train(folder, *SHORT, **{s: full for s in ("stdout", "stderr") if broken in (s, "both")})
    assert done.returncode == code and steps(folder) == 12
    if broken == "stdout":
        assert "not everything could be printed: No space left on device" in done.stderr


@POSIX
def test_a_reader_that_goes_away_costs_nothing_and_is_not_hidden(folder: Path) -> None:
    process = start_training(folder, *SHORT)
    assert process.stdout
    process.stdout.close()  # as `| head -1` does
    _, err = process.communicate(timeout=60)
    assert process.returncode == 141 and steps(folder) == 12 and "Error" not in err, err


@POSIX
def test_output_that_was_closed_from_the_start_is_left_out(folder: Path) -> None:
    line = f"exec '{sys.executable}' -m rustgpt_lab.cli {' '.join(TRAIN)} --epochs 3 >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], cwd=folder, timeout=60).returncode == 0 and loads(folder)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_that_cannot_show_a_word_shows_a_question_mark(folder: Path, encoding: str) -> None:
    (folder / "chat.json").write_text(json.dumps(["User: Who barks? Assistant: A dog 🐶 </s>"]))
    done = train(
        folder, "--epochs", 40, "--chat-rate", 1e-3, env={**os.environ, "PYTHONIOENCODING": encoding}
    )
    assert done.returncode == 0 and loads(folder), done.stderr
    assert done.stdout.endswith("Assistant : A dog ? </s>\n")


@POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_after_the_step_and_it_goes_on_where_it_was(folder: Path, name: str) -> None:
    number = getattr(signal, name)
    process = start_training(folder, "--epochs", LONG)
    time.sleep(0.3)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number and loads(folder) and goes_on(folder)
    assert f"ended by {name}: the same command with --resume goes on" in out and "Traceback" not in err
    resumed = start_training(folder, "--epochs", LONG, "--resume")
    time.sleep(0.3)
    resumed.send_signal(number)
    out, _ = resumed.communicate(timeout=60)
    assert resumed.returncode == 128 + number and "going on after step" in out and loads(folder)


@POSIX
def test_what_nohup_ignores_stays_ignored(folder: Path) -> None:
    ignoring = "import signal, runpy; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
    ignoring += "signal.signal(signal.SIGINT, signal.SIG_IGN); runpy.run_module('rustgpt_lab.cli', run_name='__main__')"
    command = [sys.executable, "-c", ignoring, *TRAIN, "--epochs", "50"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stderr and process.stderr.read(1)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0 and loads(folder)


@POSIX
def test_a_terminal_that_closes_costs_nothing(folder: Path) -> None:
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(
        [*COMMAND, *TRAIN, "--epochs", str(LONG)],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0), hear_signals()),
    )
    os.close(theirs)
    shown = b""
    while b"step/s" not in shown:  # the bar is up
        shown += os.read(ours, 1 << 16)
    time.sleep(0.2)
    os.close(ours)
    assert process.wait(60) == 128 + signal.SIGHUP and loads(folder) and goes_on(folder)


@POSIX
@pytest.mark.parametrize("phase", ["pretraining", "chat"])
def test_after_a_kill_it_goes_on_in_the_right_part_to_the_same_bits(folder: Path, phase: str) -> None:
    options = ("--epochs", 30 if phase == "chat" else 60)
    alone = train(folder, *options, "--out", "alone.bin")
    assert alone.returncode == 0 and not (folder / "alone.bin.checkpoints").exists()
    process = start_training(folder, *options, "--checkpoint-every", 0.001)
    part = folder / "model.bin.checkpoints" / phase
    while len(list(part.glob("*.json"))) < 2:
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert not (folder / "model.bin").exists() and goes_on(folder)
    done = train(folder, *options, "--resume")
    assert done.returncode == 0 and "going on after step" in done.stdout and f"of {phase}\n" in done.stdout
    assert (folder / "model.bin").read_bytes() == (folder / "alone.bin").read_bytes()
    assert not (folder / "model.bin.checkpoints").exists()


@pytest.mark.parametrize("start", ["byte pairs", "a model of Llama's family"])
def test_what_rustgpt_s_file_has_no_place_for_goes_on_to_the_same_bits_as_well(
    folder: Path, start: str
) -> None:
    if start == "byte pairs":
        new: tuple[object, ...] = ("--byte-pairs", 280)
    else:
        new = ("--start", "llama.safetensors")
        vocab = Vocab.from_texts(FACTS + CHAT)
        LLM.build(vocab, 8, 12, 1, architecture="llama", heads=2).save(folder / new[1])
    assert "has no place for this" in refused(folder, *new), "model.bin"
    options = (*SHORT, *new, "--out", "model.safetensors", "--checkpoint-every", 1e-9, "--checkpoints", "run")
    assert train(folder, *options).returncode == 0
    whole = (folder / "model.safetensors").read_bytes()
    for path in sorted(folder.glob("run/chat/step-*"))[2:]:  # as if it had been killed before its last step
        path.unlink()
    done = train(folder, *options, "--resume", "--force")
    assert done.returncode == 0 and "going on after step 5 of chat\n" in done.stdout, done.stderr
    assert (folder / "model.safetensors").read_bytes() == whole


def test_byte_pairs_are_for_a_new_model_and_read_what_words_cannot(folder: Path) -> None:
    assert "not allowed with" in train(folder, "--byte-pairs", 280, "--start", "model.bin").stderr
    assert "from 257" in train(folder, "--byte-pairs", 256).stderr
    long = "User: Why? Assistant: " + "because " * 100 + "</s>"
    (folder / "chat.json").write_text(json.dumps([*CHAT, long]))
    assert "row 4" in refused(folder)
    done = train(folder, *SHORT, "--byte-pairs", 280, "--out", "model.safetensors")
    llm = LLM.load(folder / "model.safetensors")
    assert "280 pieces" in done.stdout and len(llm.vocab) == 280
    assert llm.max_seq_len == len(llm.tokenize(long)) > 100 and llm.tokenize("Zürich 🎉")


@POSIX
def test_a_file_that_turns_up_meanwhile_stays_and_the_model_is_saved_beside_it(folder: Path) -> None:
    process = start_training(folder, "--epochs", LONG)
    (folder / "model.bin").write_bytes(b"precious")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    (other,) = folder.glob("*-model.bin")
    assert process.returncode == 2 and f"The model is saved as {other.name}." in err
    assert (folder / "model.bin").read_bytes() == b"precious" and LLM.load(other)


@POSIX
def test_a_folder_that_vanishes_meanwhile_does_not_take_the_model_with_it(folder: Path) -> None:
    (folder / "disk").mkdir()
    (folder / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
    options = ("--epochs", LONG, "--no-checkpoints", "--out", "disk/model.bin")
    process = start_training(folder, *options, env=environment)
    (folder / "disk").rmdir()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    (other,) = (folder / "tmp").glob("*-model.bin")
    assert process.returncode == 2 and LLM.load(other)


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise AccessError("the file cannot be written", got="No space left on device")

    monkeypatch.setattr(checkpoint, "write", full)
    llm = LLM.build(Vocab.from_texts(FACTS), 8, 8, 1)
    history = llm.train(
        FACTS, 2, 1e-3, callbacks=[SteadyCheckpoints(tmp_path, every_steps=1, every_seconds=60)]
    )
    assert history.outcome == "finished" and len(history) == 8
    err = capsys.readouterr().err
    assert err.count("warning: no checkpoint after step") == 2 and "after step 1: " in err and "step 8" in err


# ---- going on


def test_a_run_goes_on_only_as_what_it_was(folder: Path) -> None:
    kept = ("--checkpoints", "kept", *SHORT)
    assert "there is no run here that could go on" in refused(folder, *kept, "--resume")
    assert "cannot go on" in refused(folder, "--no-checkpoints", "--resume")
    assert train(folder, *kept).returncode == 0
    assert "another run has its checkpoints here" in refused(folder, *kept, "--out", "other.bin")
    assert "--seed: the run that was broken off was another one; expected 0, found 7" in refused(
        folder, *kept, "--seed", 7, "--resume"
    )
    (folder / "model.bin").unlink()
    (folder / "kept" / "mine.txt").touch()
    assert train(folder, *kept, "--resume").returncode == 0 and loads(folder)  # there was nothing left to do
    assert train(folder, *kept, "--force").returncode == 0 and loads(folder)
    assert (folder / "kept" / "mine.txt").exists()


def test_a_run_that_is_under_way_is_not_swept_away(folder: Path) -> None:
    assert train(folder, "--checkpoints", "kept", *SHORT).returncode == 0
    lock = FolderLock(folder / "kept" / "chat")
    told = refused(folder, "--checkpoints", "kept", "--out", "other.bin", "--force")
    assert f"another run keeps its checkpoints in this folder; found process {os.getpid()}" in told
    lock.release()
    assert train(folder, "--checkpoints", "kept", "--out", "other.bin", "--force", *SHORT).returncode == 0


def test_models_that_no_run_has_left_are_neither_removed_nor_mixed_with_others(folder: Path) -> None:
    mine = folder / "kept" / "chat" / "step-0000000001.bin"
    mine.parent.mkdir(parents=True)
    LLM.build(Vocab.from_texts(FACTS), 8, 8, 1).save(mine)
    assert "no checkpoints of a run lie here" in refused(folder, "--checkpoints", "kept", "--force")


def test_only_the_model_that_the_run_itself_has_saved_is_replaced_on_its_way(folder: Path) -> None:
    kept = ("--checkpoints", "kept", *SHORT)
    assert train(folder, *kept).returncode == 0
    assert train(folder, *kept, "--resume").returncode == 0
    LLM.build(Vocab.from_texts(FACTS), 8, 8, 1).save(folder / "model.bin")
    assert "this file is there already" in refused(folder, *kept, "--resume")
