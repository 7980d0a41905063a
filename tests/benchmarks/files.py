"""Files: a trained model with both of Adam's moments, saved and loaded; the clock's milliseconds, files warm.

Rivals keep the same floats and nothing else. `tofile` and the standard library's `json` are followed by a flush
to the disk, as in the library's own saving; `json` writes with an indent and reads back to arrays, as the library
does. A binary file is loaded ten times in a row, for once is over before the processor has warmed to it.
"""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rustgpt_lab import LLM, Vocab

from .measure import Case, Work, corpora, measure, speedup
from .tables import Table

Arrays = dict[str, np.ndarray]
LOADS = 10
"""Loads of a binary file in one go."""


def trained(folder: str | None) -> LLM:
    data = corpora(folder)
    llm = LLM.build(Vocab.from_texts(data.texts))
    llm.train(data.chat, epochs=2, learning_rate=1e-3, batch_size=4)
    return llm


def arrays(llm: LLM) -> Arrays:
    parts = {"weight": llm.parameters, "m": llm.adam.m, "v": llm.adam.v}
    return {f"{name}.{part}": array for part, views in parts.items() for name, array in views.items()}


def save_ours(folder: str | None, path: str) -> Work:
    llm = trained(folder)

    def work() -> float:
        llm.save(path)
        return 1

    return work


def times(count: int, load: Callable[[], object]) -> Work:
    """The work of loading several times."""

    def work() -> float:
        for _ in range(count):
            load()
        return count

    return work


def load_ours(folder: str | None, path: str) -> Work:
    trained(folder).save(path)
    return times(1 if path.endswith(".json") else LOADS, lambda: LLM.load(path))


def save_raw(folder: str | None, path: str) -> Work:
    llm = trained(folder)
    flat = np.concatenate([llm.parameters.flat, llm.adam.m.flat, llm.adam.v.flat])

    def work() -> float:
        with open(path, "wb") as file:
            flat.tofile(file)
            file.flush()
            os.fsync(file.fileno())
        return 1

    return work


def load_raw(folder: str | None, path: str) -> Work:
    save_raw(folder, path)()
    return times(LOADS, lambda: np.fromfile(path, np.float32))


def save_safetensors(folder: str | None, path: str) -> Work:
    from safetensors.numpy import save_file

    found = arrays(trained(folder))
    return lambda: save_file(found, path) or 1


def load_safetensors(folder: str | None, path: str) -> Work:
    from safetensors.numpy import load_file

    save_safetensors(folder, path)()
    return times(LOADS, lambda: load_file(path))


def save_json(folder: str | None, path: str) -> Work:
    found = arrays(trained(folder))

    def work() -> float:
        with open(path, "w") as file:
            file.write(json.dumps({name: array.tolist() for name, array in found.items()}, indent=2))
            file.flush()
            os.fsync(file.fileno())
        return 1

    return work


def load_json(folder: str | None, path: str) -> Work:
    save_json(folder, path)()

    def work() -> float:
        with open(path) as file:
            found = json.load(file)
        return 1 if {name: np.array(rows, np.float32) for name, rows in found.items()} else 0

    return work


RIVALS = {
    ".bin": {"tofile, flush / fromfile": "raw", "safetensors": "safetensors"},
    ".json": {"the standard library's json": "json"},
}


def tables(folder: str | None, rounds: int, quick: bool) -> list[Table]:
    table = Table("Files", ["", "save, ms", "load, ms", "ours to it: save", "load"])
    with tempfile.TemporaryDirectory() as temporary:
        for extension, rivals in RIVALS.items():
            kinds = {f"rustgpt_lab {extension}": "ours", **rivals}
            cases = []
            for name, kind in kinds.items():
                for way in ("save", "load"):
                    path = Path(temporary, f"{way}_{kind}").with_suffix(extension)
                    options = {"folder": folder, "path": str(path)}
                    cases.append(Case(f"{way} {name}", f"files:{way}_{kind}", options))
            results = measure(cases, rounds)
            own = {way: results[f"{way} rustgpt_lab {extension}"] for way in ("save", "load")}
            for name in kinds:
                found = {way: results[f"{way} {name}"] for way in own}
                times = [f"{1000 * result.seconds('wall'):,.1f}" for result in found.values()]
                table.row(name, *times, *(f"{speedup(own[way], found[way], 'wall'):.2f}" for way in own))
    table.notes.append(__doc__.partition("\n\n")[2].replace("\n", " ").strip())
    return [table]
