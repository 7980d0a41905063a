"""Hugging Face's folders: sound ones are the models that they say and are written again, bad ones are refused."""

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from rustgpt_lab import LLM
from rustgpt_lab.errors import AccessError, FileError
from rustgpt_lab.persistence import describe, export
from rustgpt_lab.tokenizers import BytePairs
from tests.corpus import folder, gguf


def lay(files: folder.Folder, path: Path) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16"])
def test_the_weights_of_llama_are_those_of_the_file(kind: str, tmp_path: Path) -> None:
    llm, arrays = LLM.load(lay(folder.llama(kind), tmp_path)), folder.values(folder.SHAPES)
    exact = {"F32": 0, "F16": 2**-11, "BF16": 2**-7}[kind]
    for name, own in {
        "self_attn.q_proj": "1.1.w_q",
        "self_attn.o_proj": "1.1.w_o",
        "mlp.up_proj": "2.1.w_up",
    }.items():
        theirs = arrays[f"model.layers.0.{name}.weight"]
        np.testing.assert_allclose(llm.parameters[own], theirs.T, rtol=exact, atol=1e-7 * (exact > 0))
    assert (llm.max_seq_len, len(llm.vocab), llm.vocab.end) == (32, folder.V, 257)
    assert llm.vocab.chat.special == {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}


def test_the_weights_of_gpt2_are_cut_out_of_joint_ones(tmp_path: Path) -> None:
    llm, arrays = LLM.load(lay(folder.gpt2(), tmp_path)), folder.values(folder.GPT2_SHAPES)
    joint = arrays["h.0.attn.c_attn.weight"], arrays["h.0.attn.c_attn.bias"]
    for i, name in enumerate("qkv"):
        part = slice(i * folder.D, (i + 1) * folder.D)
        np.testing.assert_array_equal(llm.parameters[f"2.1.w_{name}"], joint[0][:, part])
        np.testing.assert_array_equal(llm.parameters[f"2.1.b_{name}"][0], joint[1][part])
    np.testing.assert_array_equal(llm.parameters["3.1.w2"], arrays["h.0.mlp.c_proj.weight"])
    assert llm.max_seq_len == 16


def test_a_prefix_of_the_names_and_a_template_of_its_own_are_read(tmp_path: Path) -> None:
    shapes = {f"transformer.{name}": shape for name, shape in folder.GPT2_SHAPES.items()}
    files = folder.gpt2() | {
        folder.WEIGHTS: folder.weights(shapes),
        "chat_template.jinja": b"{{ bos_token }}",
    }
    llm = LLM.load(lay(files, tmp_path))
    assert llm.vocab.chat.render([]) == "<|im_start|>"


@pytest.mark.parametrize(
    ("of_model", "of_answers", "end"),
    [
        (97, None, 97),
        ([97], None, 97),
        (97, 98, 98),
        (97, [98], 98),
        (97, "gone", 97),
        (None, None, 257),
        (-1, None, 257),  # beyond the vocabulary, as GPT-2's 50256 in a tiny model: it is never said
        (50256, None, 257),
    ],
)
def test_an_answer_ends_where_the_settings_say(
    of_model: object, of_answers: object, end: int, tmp_path: Path
) -> None:
    files = folder.config(eos_token_id=of_model)
    if of_answers is not None:
        settings = {} if of_answers == "gone" else {"eos_token_id": of_answers}
        files[folder.SAYING] = folder.dump({"do_sample": True, **settings})
    llm = LLM.load(lay(files, tmp_path))
    assert (llm.vocab.end, llm.vocab.end_text) == (end, gguf.TOKENS[end])
    assert llm.vocab.chat.special["eos_token"] == "<|im_end|>", "the form of a chat has its own"
    export(llm, tmp_path / "ours")
    again = LLM.load(tmp_path / "ours")
    assert again.vocab.end == end
    llm.save(tmp_path / "m.safetensors")
    assert LLM.load(tmp_path / "m.safetensors").vocab.end == end


def test_a_folder_is_described_by_its_files_settings_and_tensors(tmp_path: Path) -> None:
    lay(folder.llama(), tmp_path)
    root = describe(tmp_path)
    assert [(each.name, each.length) for each in root.children] == [
        (name, (tmp_path / name).stat().st_size)
        for name in (folder.CONFIG, folder.WEIGHTS, folder.PIECES, folder.CHAT)
    ]
    assert root.length == sum(each.length for each in root.children)
    settings, tensors = root.children[0].children, root.children[1].children
    assert {each.name: each.value for each in settings} == folder.LLAMA
    data = (tmp_path / folder.WEIGHTS).read_bytes()
    for each in tensors:
        numbers = np.frombuffer(data, "<f4", each.length // 4, each.offset)
        np.testing.assert_array_equal(numbers, folder.values(folder.SHAPES)[each.name].ravel())
    assert str(root).startswith(f"{tmp_path}: folder = 4")
    (tmp_path / folder.CONFIG).write_bytes(b"[]")
    with pytest.raises(FileError, match=r"config\.json.*an object"):
        describe(tmp_path)


@pytest.mark.parametrize("files", [folder.llama(), folder.gpt2()], ids=["llama", "gpt2"])
def test_a_folder_that_was_written_is_the_same_model(files: folder.Folder, tmp_path: Path) -> None:
    llm = LLM.load(lay(files, tmp_path / "theirs"))
    export(llm, tmp_path / "ours")
    again = LLM.load(tmp_path / "ours")
    np.testing.assert_array_equal(again.parameters.flat, llm.parameters.flat)
    assert (again.vocab, again.vocab.chat, again.max_seq_len) == (llm.vocab, llm.vocab.chat, llm.max_seq_len)
    with pytest.raises(AccessError):
        export(llm, tmp_path / "ours")
    export(llm, tmp_path / "ours", overwrite=True)


def test_pairs_that_lie_side_by_side_are_written_as_halves(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(gguf.GOOD)
    llm = LLM.load(tmp_path / "m.gguf")
    export(llm, tmp_path / "folder")
    again = LLM.load(tmp_path / "folder")
    assert (llm.network[1].layers[1].rope, again.network[1].layers[1].rope) == ("adjacent", "halves")
    np.testing.assert_allclose(again.logits("the the the"), llm.logits("the the the"), atol=1e-5)


def test_only_the_two_families_with_byte_pairs_have_such_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="byte pairs"):
        export(LLM.packaged(), tmp_path)
    pairs = BytePairs.train(["the cat </s>"], 262)
    with pytest.raises(FileError, match=r"GPT-2's or Llama's layers.*Embeddings"):
        export(LLM.build(pairs, 8, 8, 1), tmp_path)
    export(LLM.build(pairs, 8, 8, 1, architecture="gpt2", heads=2, dropout=0.1), tmp_path)
    assert len(LLM.load(tmp_path).network) == 6, "what is not dropped from an answer needs no layer"


@pytest.mark.parametrize("bad", folder.FILES, ids=[bad.what for bad in folder.FILES])
def test_a_bad_folder_is_refused(bad: folder.Bad, tmp_path: Path) -> None:
    path = lay(bad.files, tmp_path / "m")
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(FileError) as caught:
        LLM.load(path)
    seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    message = str(caught.value)
    assert (caught.value.kind, message.startswith(str(path / bad.file))) == (bad.kind, True), message
    for word in bad.words:
        assert word in message
    assert len(message) < 700
    assert seconds < 10 and peak < 32 << 20, "a few bytes ask for much"
