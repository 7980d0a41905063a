"""The command line, as a person uses it: run as a process, and every mistake one clear line and exit code 2."""

import json
import os
import subprocess
import sys

import pytest

from rustgpt_lab import LLM, Vocab
from rustgpt_lab.bootstrap import ROOT
from tests.corpus.folder import llama

TEXTS = ["User: Who barks? Assistant: A dog barks </s>", "User: Who sings? Assistant: A bird sings </s>"]


def run(folder, *arguments, text=None, **settings):
    command = [sys.executable, "-m", "rustgpt_lab.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, timeout=120, **settings
    )


@pytest.fixture
def folder(tmp_path):
    """Two small corpora and a small trained model."""
    (tmp_path / "facts.json").write_text(json.dumps(["A dog barks </s>", "A bird sings </s>"]))
    (tmp_path / "chat.json").write_text(json.dumps(TEXTS))
    llm = LLM.build(Vocab.from_texts(TEXTS), embedding_dim=16, hidden_dim=16, blocks=1)
    llm.train(TEXTS, epochs=60, learning_rate=1e-2)
    llm.save(tmp_path / "small.bin")
    return tmp_path


def test_train_shows_what_it_learned_and_saves(folder):
    done = run(
        folder,
        "train",
        "--pretraining",
        "facts.json",
        "--chat",
        "chat.json",
        "--epochs",
        30,
        "--chat-rate",
        1e-3,
    )
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.split("after: User: Who barks?")
    assert "before: User: Who barks?" in before and "Assistant: A dog barks </s>" not in before
    assert after.split("\n")[1].strip() == "Assistant : A dog barks </s>"
    assert "tokens/s" in done.stderr and "loss" in done.stderr
    assert LLM.load(folder / "model.bin").predict("User: Who sings?") == "Assistant : A bird sings </s>"


def test_train_goes_on_with_a_model(folder):
    before = LLM.load(folder / "small.bin").adam.settings["1.w_q"].timestep
    options = ("--chat", "chat.json", "--pretraining", "facts.json", "--epochs", 3, "--start", "small.bin")
    assert run(folder, "train", *options, "--out", "small.bin").returncode == 0
    assert LLM.load(folder / "small.bin").adam.settings["1.w_q"].timestep == before + 6


def test_chat_answers_and_says_what_it_did_not_read(folder):
    done = run(folder, "chat", "small.bin", text="Who barks?\nWho quacks?\n\n")
    assert done.returncode == 0
    assert "A dog barks" in done.stdout and "(not in the vocabulary, so not read: quacks)" in done.stdout


def test_chat_by_chance_and_by_a_beam(folder):
    """Hot words differ by seed, one seed says the same, and a cold or wide search says what was learned."""
    said = []
    for seed in (1, 1, 2):
        done = run(
            folder, "chat", "small.bin", "--temperature", 9, "--seed", seed, text="Who barks?\nWho barks?\n\n"
        )
        assert done.returncode == 0
        said.append(done.stdout.split("> ")[1:3])
    assert said[0] == said[1] != said[2]
    assert said[0][0] != said[0][1], "a question that is asked again is answered anew"
    for options in (["--temperature", 0], ["--top-k", 1], ["--top-p", 0.01], ["--beam", 3]):
        assert "A dog barks" in run(folder, "chat", "small.bin", *options, text="Who barks?\n\n").stdout
    done = run(
        folder, "chat", "small.bin", "--temperature", 0, "--repetition-penalty", 1e9, text="Who barks?\n\n"
    )
    words = done.stdout.split("> ")[1].split()
    assert len(set(words)) == len(words)


def test_chat_says_that_a_question_is_too_long(folder):
    done = run(folder, "chat", "small.bin", text="Who " * 98 + "\n\n")
    assert "(no answer: this is 100 tokens; the model sees 80, its answer included)" in done.stdout


def test_a_terminal_that_cannot_show_a_word_shows_a_question_mark(folder):
    llm = LLM.build(Vocab(["User", ":", "🐶", "</s>"]), 8, 8, 1)
    llm.network[-1].p["b_out"][0, 2] = 99
    llm.save(folder / "dog.bin")
    for encoding in ("cp1252", "ascii"):
        settings = {"env": {**os.environ, "PYTHONIOENCODING": encoding}, "encoding": encoding}
        done = run(folder, "chat", "dog.bin", text="Who?\n\n", **settings)
        assert done.returncode == 0 and "? ? ?" in done.stdout
        done = run(folder, "inspect", "dog.bin", **settings)
        assert done.returncode == 0 and "'?'" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="there a closed pipe is an error like others")
@pytest.mark.parametrize("arguments", ["inspect small.bin", "chat small.bin", "--help"])
def test_a_reader_that_goes_away_ends_it_quietly(folder, arguments):
    script = f"yes 'Who barks?' | '{sys.executable}' -m rustgpt_lab.cli {arguments} | true; echo ${{PIPESTATUS[1]}}"
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_below_its_output_is_not_hidden(folder):
    command = [sys.executable, "-m", "rustgpt_lab.cli", "inspect", "small.bin"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "rustgpt-lab: error: not everything could be printed: No space left on device\n"


def test_a_file_above_the_limit_can_be_allowed(folder):
    for arguments in (["chat", "small.bin"], ["inspect", "small.bin"], ["convert", "small.bin", "m.json"]):
        done = run(folder, *arguments, "--max-bytes", 1000, text="\n")
        assert done.returncode == 2 and "or --max-bytes of the command" in done.stderr
        assert run(folder, *arguments, "--max-bytes", 1 << 20, text="\n").returncode == 0


def test_a_path_may_begin_with_the_home_folder(folder):
    home = {"env": {**os.environ, "HOME": str(folder), "USERPROFILE": str(folder)}}
    (folder / "elsewhere").mkdir()
    done = run(folder / "elsewhere", "convert", "~/small.bin", "~/m.json", **home)
    assert done.returncode == 0 and (folder / "m.json").exists() and not (folder / "elsewhere" / "~").exists()
    assert "nobody's home is '~nobody-such/x'" in run(folder, "chat", "~nobody-such/x", **home).stderr


def test_inspect_shows_layers_shapes_parameters_and_bytes(folder):
    llm = LLM.load(folder / "small.bin")
    out = run(folder, "inspect", "small.bin").stdout
    assert "SelfAttention" in out and "16" in out
    assert f"{llm.parameters.flat.size:,} parameters" in out
    assert "\nRustGPT reads this: yes\n" in out
    assert f"{(folder / 'small.bin').stat().st_size:,} bytes" in out


def test_inspect_shows_what_is_in_a_folder_of_hugging_face(folder):
    theirs = folder / "theirs"
    theirs.mkdir()
    for name, content in llama().items():
        (theirs / name).write_bytes(content)
    done = run(folder, "inspect", "theirs")
    assert done.returncode == 0, done.stderr
    assert f"theirs: {sum(map(len, llama().values())):,} bytes" in done.stdout
    assert "  hidden_size: int = 4" in done.stdout
    assert "model.layers.0.mlp.up_proj.weight: F32 6 x 4" in done.stdout
    assert "  2.1  SwiGLU                   72  w_gate 4x6, w_up 4x6, w_down 6x4" in done.stdout


def test_convert_there_and_back(folder):
    assert run(folder, "convert", "small.bin", "small.json").returncode == 0
    assert run(folder, "convert", "small.json", "again.bin").returncode == 0
    assert (folder / "again.bin").read_bytes() == (folder / "small.bin").read_bytes()


def test_convert_replaces_a_file_only_by_force(folder):
    corpus = (folder / "chat.json").read_text()
    done = run(folder, "convert", "small.bin", "chat.json")
    assert done.returncode == 2 and (folder / "chat.json").read_text() == corpus
    assert (
        "chat.json: this file is there already. Name another file, or allow it with --force." in done.stderr
    )
    done = run(folder, "convert", "small.bin", "chat.json", "--force")
    assert (
        done.returncode == 0 and "RustGPT reads this: yes" in done.stdout and LLM.load(folder / "chat.json")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("fly", "invalid choice: 'fly'"),
        ("train --bogus", "unrecognized arguments: --bogus"),
        ("train --epochs x", "argument --epochs: expected a whole number from 0, found 'x'"),
        ("train --chat-rate nan", "argument --chat-rate: expected a number above 0, found 'nan'"),
        ("train --pretraining none.json", "none.json: cannot read this corpus: No such file"),
        (
            "train --out small.bin",
            "small.bin: this file is there already. Name another file, or allow it with --force",
        ),
        ("train --out .", "expected a regular file, found a directory"),
        ("train --out none/model.bin", "no model could be saved here; found No such file or directory"),
        ("chat", "the following arguments are required: MODEL"),
        ("chat none.bin", "none.bin"),
        ("chat small.bin --temperature hot", "argument --temperature: expected a number, found 'hot'"),
        (
            "chat small.bin --temperature -1",
            "temperature: an argument cannot be used; expected a number, 0 or more",
        ),
        ("chat small.bin --top-k 0", "argument --top-k: expected a whole number from 1, found '0'"),
        ("chat small.bin --top-p 1.5", "top_p: an argument cannot be used"),
        ("chat small.bin --beam 0", "argument --beam: expected a whole number from 1, found '0'"),
        (
            "chat small.bin --beam 5 --top-k 3",
            "--beam: a beam draws nothing by chance; expected it alone, found --top-k",
        ),
        ("chat .", "expected a regular file, found a directory"),
        ("inspect chat.json", "chat.json"),
        ("convert small.bin none/x.json", "the file cannot be written; found No such file or directory"),
        ("lab --port 99999", "argument --port: expected a whole number from 1 to 65535, found '99999'"),
        ("--port 99999", "argument --port"),
        ("lab --folder chat.json", "the course cannot be laid into this folder"),
    ],
)
def test_every_mistake_is_one_line(folder, arguments, message):
    done = run(folder, *arguments.split())
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("rustgpt-lab")


def test_a_cut_file_is_one_line(folder):
    whole = (folder / "small.bin").read_bytes()
    (folder / "cut.bin").write_bytes(whole[:-9])
    done = run(folder, "chat", "cut.bin")
    assert done.returncode == 2 and "cut.bin" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_line(folder):
    folder.chmod(0o500)
    done = run(folder, "train", "--out", "x.bin")
    folder.chmod(0o700)
    assert done.returncode == 2 and "Permission denied" in done.stderr


def test_slides_are_one_page_of_html(folder):
    notebook = ROOT / "notebooks" / "00_start_here.ipynb"
    assert run(folder, "slides", str(notebook), "deck.html").returncode == 0
    page = (folder / "deck.html").read_text(encoding="utf-8")
    assert "What you will do" in page and 'src="http' not in page
    again = run(folder, "slides", str(notebook), "deck.html")
    assert again.returncode == 2 and "this file is there already" in again.stderr


def test_help_is_complete(folder):
    out = run(folder, "--help").stdout
    for command in ("lab", "train", "chat", "inspect", "convert", "slides"):
        assert command in out
        one = run(folder, command, "--help")
        assert one.returncode == 0 and one.stdout.startswith(f"usage: rustgpt-lab {command}")
