"""What every file, however bad, must come to: a typed error, or a model that is whole."""

import numpy as np

from rustgpt_lab.errors import FileError
from rustgpt_lab.parameters import walk
from rustgpt_lab.persistence.convert import Parts, to_model
from rustgpt_lab.persistence.model_file import BINARY, JSON, SAFETENSORS, Format

from . import independent

SMALL = independent.model(words=3, d=1, hidden=2, length=2, cached=True)
"""RustGPT's network, as small as can be, with activations in it."""
FORMATS = {".bin": BINARY, ".json": JSON, ".safetensors": SAFETENSORS}


def read(form: Format, data: bytes) -> Parts | None:
    """What loading these bytes gives: a model whose parts fit together, or None for a typed error."""
    try:
        parts = to_model(form.read(data), allow_nonfinite=False)
    except FileError as error:
        str(error)  # a message that cannot be made would be a finding, too
        return None
    return whole(parts)


def whole(parts: Parts) -> Parts:
    """The very parts, if they fit together: every array has its shape, and all numbers are finite."""
    for _, layer in walk(parts.network):
        for name, param in layer.parameters().items():
            assert layer.p[name].shape == param.shape
    for flat in (parts.network.weights.flat, parts.adam.m.flat, parts.adam.v.flat):
        assert flat.dtype == np.float32
        assert np.isfinite(flat).all()
    ids = parts.vocab.encode("a hat </s>")
    assert len(parts.vocab.pieces(ids)) == len(ids)
    assert all(0 <= i < len(parts.vocab) for i in ids)
    return parts
