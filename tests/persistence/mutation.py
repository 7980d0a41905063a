"""What every file, however bad, must come to: a typed error, or a model that is whole."""

import numpy as np

from rustgpt_lab import LLM
from rustgpt_lab.errors import FileError
from rustgpt_lab.persistence.formats import BINARY, JSON, SAFETENSORS, Format
from rustgpt_lab.persistence.tree import to_model

from . import independent

SMALL = independent.model(words=3, d=1, hidden=2, length=2, cached=True)
"""RustGPT's network, as small as can be, with activations in it."""
FORMATS = {".bin": BINARY, ".json": JSON, ".safetensors": SAFETENSORS}


def read(form: Format, data: bytes) -> LLM | None:
    """What loading these bytes gives: a model whose parts fit together, or None for a typed error."""
    try:
        llm = to_model(form.read(data), allow_nonfinite=False)
    except FileError as error:
        str(error)  # a message that cannot be made would be a finding, too
        return None
    for layer in llm.network:
        for name, shape in layer.shapes().items():
            assert layer.p[name].shape == shape
    for flat in (llm.parameters.flat, llm.adam.m.flat, llm.adam.v.flat):
        assert flat.dtype == np.float32
        assert np.isfinite(flat).all()
    assert len(llm.vocab.words) == len(llm.vocab.ids)
    return llm
