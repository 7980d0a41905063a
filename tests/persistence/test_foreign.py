"""Other programs' files are known by their first bytes, whatever their name; the message says what can be done."""

import gzip
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import zstandard

from rustgpt_lab import LLM
from rustgpt_lab.errors import FileError
from rustgpt_lab.persistence import describe
from tests.corpus import binary, text


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/"), data)
    return file.getvalue()


def numpy_file(save: object, **arguments: object) -> bytes:
    file = io.BytesIO()
    save(file, **arguments)  # type: ignore[operator]
    return file.getvalue()


GPT2 = {"h.0.attn.c_attn.weight": np.zeros((2, 6), np.float32), "wte.weight": np.zeros((3, 2), np.float32)}
HALF = {"model.embed_tokens.weight": np.zeros((3, 2), np.float16)}
TAR = b"model.bin".ljust(257, b"\0") + b"ustar\x0000" + bytes(248)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32\nsize 9\n"
TORCH = zipped(
    **{"archive__data.pkl": b"\x80\x02}q\x00.", "archive__version": b"3\n", "archive__data__0": bytes(64)}
)
NAMED = {
    "PyTorch's zip": (TORCH, r"a PyTorch file \(\.pt, \.pth\).*could run code.*torch\.load"),
    "PyTorch's older form": (
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
        "a Python pickle.*never does",
    ),
    "a pickle": (pickle.dumps({"w_q": [1.0]}), "a Python pickle.*run code"),
    "an old pickle": (pickle.dumps({"w_q": [1.0]}, protocol=2), "a Python pickle"),
    "npz": (
        numpy_file(np.savez, w=np.zeros(3)),
        r"a NumPy archive \(\.npz\).*numpy\.load\(path, allow_pickle=False\)",
    ),
    "npy": (numpy_file(np.save, arr=np.zeros(3)), r"a NumPy array \(\.npy\).*numpy\.load"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(40), "an? HDF5 file.*h5py"),
    "ONNX": (b"\x08\x07\x12\x07pytorch\x1a\x052.4.0:\x80\x01", "an? ONNX file.*onnxruntime"),
    "an LFS pointer": (POINTER, "a Git LFS pointer.*not downloaded.*git lfs pull"),
    "HTML": (b"\n<!DOCTYPE html>\n<html><head><title>Not found</title>", "a web page.*the file itself"),
    "XML": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a web page"),
    "plain text": ("Model weights are naïve: 日本語.\nSee the other page.\n".encode(), "a plain text"),
    "a Python file": (b"import torch\n\nmodel = torch.load('x')\n", "a plain text"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(40), "a picture.*this library or RustGPT saved"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(40), "a picture"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
    "zip": (zipped(**{"model.bin": b"\0"}), "a zip archive.*Unpack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "an? archive.*Unpack it"),
    "tar": (TAR, "an? archive.*Unpack it"),
    "bzip2": (b"BZh91AY&SY" + bytes(40), "an? archive"),
    "SQLite": (b"SQLite format 3\0" + bytes(40), "an? SQLite database"),
    "Parquet": (b"PAR1" + bytes(40), r"a table of data \(Parquet"),
    "ELF": (b"\x7fELF\x02\x01\x01" + bytes(60), "a program"),
    "GPT-2's safetensors": (
        safetensors.numpy.save(GPT2),
        r"of another program, not RustGPT's.*h\.0\.attn.*load_file",
    ),
    "half precision": (
        safetensors.numpy.save(HALF, {"format": "pt"}),
        r"of another program.*embed_tokens\.weight F16",
    ),
}
PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
NAMES = ["m.bin", "m.json", "m.safetensors", "M.PTH", "m"]


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("what", NAMED)
def test_another_programs_file_is_named(what: str, packing: str, tmp_path: Path) -> None:
    data, words = NAMED[what]
    for name in (n + p for n in NAMES for p in {"", packing}):
        path = tmp_path / name
        path.write_bytes(PACK[packing](data))
        for use in (LLM.load, describe):
            with pytest.raises(FileError, match=rf"(?s)this is .*{words}") as caught:
                use(path)
            assert caught.value.kind == "foreign"
            assert str(caught.value).startswith(str(path))
            assert "not RustGPT's" in str(caught.value)
            assert packing in str(caught.value) or "tensors" in str(caught.value)
            assert len(str(caught.value)) < 600


@pytest.mark.parametrize("name", ["m.bin", "m.json", "m.safetensors", "m.json.gz", "m", "m.npz"])
def test_an_empty_file_is_said_to_be_empty(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    for use in (LLM.load, describe):
        with pytest.raises(
            FileError, match=r"the file is empty.*Copy or download the file once more"
        ) as caught:
            use(tmp_path / name)
        assert caught.value.kind == "empty"


def test_our_own_bad_files_are_never_taken_for_anothers(tmp_path: Path) -> None:
    for file, extension in [(f, ".bin") for f in binary.FILES] + [(f, ".json") for f in text.FILES]:
        path = tmp_path / f"bad{extension}"
        path.write_bytes(file.data)
        with pytest.raises(FileError) as caught:
            LLM.load(path)
        assert caught.value.kind != "foreign", file.what


def test_nothing_of_a_pickle_runs(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "it ran",))

    (tmp_path / "m.bin").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(FileError, match="pickle"):
        LLM.load(tmp_path / "m.bin")
    assert [path.name for path in tmp_path.iterdir()] == ["m.bin"]


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_compressed_gguf_file_is_to_be_unpacked(packing: str, tmp_path: Path) -> None:
    (tmp_path / f"m.bin{packing}").write_bytes(PACK[packing](b"GGUF\x03\0\0\0" + bytes(40)))
    with pytest.raises(FileError, match=r"a GGUF file \(llama\.cpp\).*Unpack it"):
        LLM.load(tmp_path / f"m.bin{packing}")
