"""Bad binary files, each a sound one with one thing wrong, as bytes."""
# ruff: noqa: E501 (a bad file a line)

from typing import NamedTuple

ONE = b"\x00\x00\x80\x3f"  # 1.0 as f32
NAN = b"\x00\x00\xc0\x7f"
HUGE = b"\xfd" + b"\xff" * 8  # 2^64 - 1


def array(rows: int, columns: int, numbers: bytes) -> bytes:
    return bytes([1, rows, columns, len(numbers) // 4]) + numbers


ZERO = b"\x00\x00\x00\x00"
SETTINGS = b"\x66\x66\x66\x3f\x77\xbe\x7f\x3f\x77\xcc\x2b\x32\x07"  # 0.9, 0.999, 1e-8, timestep 7
ADAM = SETTINGS + array(1, 1, ZERO) + array(1, 1, ZERO)

ENCODE = b"\x02\x01a\x00\x04</s>\x01"
DECODE = b"\x02\x00\x01a\x01\x04</s>"
WORDS = b"\x02\x01a\x04</s>"
VOCAB = ENCODE + DECODE + WORDS

NORM = (  # tag 3, epsilon, gamma, beta, three absent activations, two optimizers
    b"\x03\xac\xc5\x27\x37" + array(1, 1, ONE) + array(1, 1, ZERO) + b"\x00\x00\x00" + ADAM + ADAM
)
WIDE_NORM = (  # the same for rows of 2
    b"\x03\xac\xc5\x27\x37"
    + 2 * array(1, 2, ONE * 2)
    + b"\x00\x00\x00"
    + 2 * (SETTINGS + 2 * array(1, 2, ZERO * 2))
)
ATTENTION = b"\x01\x01" + 3 * array(1, 1, ONE) + b"\x00" + 3 * ADAM  # tag 1, embedding_dim 1
PROJECTION = (  # tag 4, w_out (1, 3) and b_out (1, 3): one word too many
    b"\x04" + array(1, 3, ONE * 3) + array(1, 3, ZERO * 3) + SETTINGS + 2 * array(1, 3, ZERO * 3) + b"\x00"
)

GOOD = VOCAB + b"\x01" + NORM


def norm(old: bytes, new: bytes) -> bytes:
    """The sound file with a change in its layer."""
    assert NORM.count(old) >= 1
    return VOCAB + b"\x01" + NORM.replace(old, new, 1)


class Bad(NamedTuple):
    """A bad file: what is wrong, its bytes, the kind of its error, and words that the message must hold."""

    what: str
    data: bytes
    kind: str
    words: tuple[str, ...]


GAMMA = array(1, 1, ONE)
BETA = array(1, 1, ZERO) + b"\x00\x00\x00"
FILES = [
    Bad("empty", b"", "empty", ("byte 0", "the file is empty")),
    Bad("a word longer than the file", b"\x02\xc8a\x00", "length", ("vocab.encode", "byte 1", "at most 2", "found 200")),
    Bad("cut in a number", GOOD[:33], "cut off", ("network[0].LayerNorm.epsilon", "byte 30", "found 3")),
    Bad("trailing bytes", GOOD + b"\x00\x00", "trailing bytes", ("byte 111", "2 more bytes")),
    Bad("2^64 - 1 words", HUGE + GOOD, "length", ("vocab.encode", "byte 0", "18446744073709551615")),
    Bad("2^64 - 1 numbers", norm(GAMMA[:4], GAMMA[:3] + HUGE), "length", ("gamma.data", "byte 37")),
    Bad(
        "dimensions whose product overflows 64 bits",
        norm(GAMMA[:3], b"\x01" + 2 * (b"\xfd" + b"\x00" * 7 + b"\x80")),
        "dimension",
        ("gamma.dim", "too large", "9223372036854775808"),
    ),
    Bad(
        "dimensions whose product is far more than the numbers",
        norm(GAMMA[:3], b"\x01" + 2 * b"\xfc\xff\xff\xff\x7f"),
        "count",
        ("gamma.dim", "2147483647 x 2147483647"),
    ),
    Bad("varint marker 254", b"\xfe" + b"\x01" + b"\x00" * 15, "varint", ("byte 0", "wider", "found 254")),
    Bad("varint marker 255", b"\xff" + GOOD, "varint", ("byte 0", "wider", "found 255")),
    Bad("a small number written wide", b"\xfb\x02\x00" + GOOD[1:], "long varint", ("byte 0", "wide", "found 2")),
    Bad(
        "a tag of 64 bits",
        VOCAB + b"\x01" + b"\xfd\x00\x00\x00\x00\x01\x00\x00\x00" + NORM[1:],
        "wide tag",
        ("network[0]", "byte 29", "32 bits", "found 4294967296"),
    ),
    Bad("array version 2", norm(GAMMA[:3], b"\x02\x01\x01"), "version", ("gamma.v", "expected 1", "found 2")),
    Bad("option tag 2", norm(BETA, BETA[:-1] + b"\x02"), "tag", ("cached_std", "0 (absent)", "found 2")),
    Bad("layer 250", VOCAB + b"\x01\xfa" + NORM[1:], "layer", ("network[0]", "byte 29", "3 LayerNorm", "found 250")),
    Bad("dim against data", norm(GAMMA[:3], b"\x01\x01\x02"), "count", ("gamma.dim", "1 x 2", "at most 1")),
    Bad(
        "activations: dim against data",
        norm(BETA, BETA[:-1] + b"\x01" + b"\x01\x03\x01\x01" + ONE),
        "count",
        ("cached_std.dim", "3 x 1"),
    ),
    Bad(
        "shapes within a layer",
        norm(array(1, 1, ZERO), array(1, 2, ZERO * 2)),
        "shape",
        ("network[0].LayerNorm.beta.dim", "expected 1 x 1", "found 1 x 2"),
    ),
    Bad(
        "embedding_dim against w_q",
        VOCAB + b"\x01\x01\x02" + ATTENTION[2:],
        "shape",
        ("network[0].SelfAttention.w_q.dim", "expected 2 x 2", "found 1 x 1"),
    ),
    Bad(
        "embedding_dim 2^64 - 1",
        VOCAB + b"\x01\x01" + HUGE + ATTENTION[2:],
        "setting",
        ("network[0].SelfAttention.embedding_dim", "9223372036854775808", "found 18446744073709551615"),
    ),
    Bad(
        "timestep 2^63",
        norm(SETTINGS, SETTINGS[:-1] + b"\xfd" + b"\x00" * 7 + b"\x80"),
        "setting",
        ("optimizer_gamma.timestep", "below 9223372036854775808", "found 9223372036854775808"),
    ),
    Bad(
        "d = 0 with 2^31 - 1 positions",
        VOCAB
        + b"\x01\x00"
        + b"\x01\x02\x00\x00"
        + b"\x01\xfc\xff\xff\xff\x7f\x00\x00"
        + b"\x00"
        + SETTINGS
        + 2 * b"\x01\x02\x00\x00"
        + SETTINGS
        + 2 * b"\x01\xfc\xff\xff\xff\x7f\x00\x00",
        "no numbers",
        ("network[0].Embeddings.token_embeddings.dim", "sizes from 1", "found 2 x 0"),
    ),
    Bad(
        "shapes between layers",
        VOCAB + b"\x02" + NORM + WIDE_NORM,
        "shape",
        ("network[1] (LayerNorm)", "width 1", "takes 2"),
    ),
    Bad(
        "a layer against the vocabulary",
        VOCAB + b"\x02" + NORM + PROJECTION,
        "shape",
        ("network[1] (OutputProjection)", "2 words", "found 3"),
    ),
    Bad(
        "a moment's shape",
        VOCAB + b"\x01" + NORM[: -len(ADAM)] + SETTINGS + array(1, 1, ZERO) + array(1, 2, ZERO * 2),
        "moment shape",
        ("network[0].LayerNorm.optimizer_beta.v.dim", "expected 1 x 1", "found 1 x 2"),
    ),
    Bad("a weight is NaN", norm(ONE, NAN), "not finite", ("network[0].LayerNorm.gamma[0]", "found nan", "allow_nonfinite")),
    Bad("a weight is infinite", norm(ONE, b"\x00\x00\x80\xff"), "not finite", ("network[0].LayerNorm.gamma[0]", "found -inf")),
    Bad(
        "a moment is NaN",
        VOCAB + b"\x01" + NORM[: -len(ADAM)] + SETTINGS + array(1, 1, NAN) + array(1, 1, ZERO),
        "not finite",
        ("network[0].LayerNorm.optimizer_beta.m[0]", "found nan"),
    ),
    Bad(
        "a negative second moment",
        VOCAB + b"\x01" + NORM[:-4] + b"\x00\x00\x80\xbf",
        "negative moment",
        ("network[0].LayerNorm.optimizer_beta.v[0]", "expected 0 or more", "found -1.0"),
    ),
    Bad("beta1 is 1", norm(SETTINGS[:4], ONE), "setting", ("optimizer_gamma.beta1", "below 1", "found 1.0")),
    Bad("epsilon is NaN", norm(b"\xac\xc5\x27\x37", NAN), "setting", ("LayerNorm.epsilon", "finite", "found nan")),
    Bad("not UTF-8", GOOD.replace(b"\x01a\x00", b"\x01\xff\x00"), "utf-8", ("vocab.encode", "byte 2", "0xff")),
    Bad(
        "a word twice in decode and words, and two in encode",
        ENCODE + b"\x02\x00\x04</s>\x01\x04</s>" + b"\x02\x04</s>\x04</s>" + b"\x00",
        "word twice",
        ("vocab.words[1]", "'</s>'"),
    ),
    Bad(
        "a word twice in the list",
        b"\x02" b"\x01a\x00" b"\x04</s>\x01" + DECODE + b"\x02" + 2 * b"\x01a" + b"\x00",
        "word twice",
        ("vocab.words[1]", "'a'"),
    ),
    Bad(
        "a word twice in encode",
        b"\x02" + 2 * b"\x01a\x00" + DECODE + WORDS + b"\x00",
        "key twice",
        ("vocab.encode['a']", "twice"),
    ),
    Bad(
        "an id twice in decode",
        ENCODE + b"\x02" + 2 * b"\x00\x01a" + WORDS + b"\x00",
        "key twice",
        ("vocab.decode[0]", "twice"),
    ),
    Bad("a gap in decode", VOCAB.replace(b"\x01\x04</s>", b"\x02\x04</s>") + b"\x00", "contradiction", ("vocab.decode[1]", "expected '</s>'", "found nothing")),
    Bad("a gap in encode", VOCAB.replace(b"\x04</s>\x01", b"\x04</s>\x05") + b"\x00", "contradiction", ("vocab.encode['</s>']", "expected 1", "found 5")),
    Bad("a word too few in encode", b"\x01\x04</s>\x00" + DECODE + WORDS + b"\x00", "contradiction", ("vocab.encode['a']", "expected 0", "found nothing")),
    Bad(
        "encode against words",
        b"\x02" b"\x01a\x01" b"\x04</s>\x00" + DECODE + WORDS + b"\x00",
        "contradiction",
        ("vocab.encode['a']", "expected 0", "found 1"),
    ),
    Bad("decode against words", ENCODE + DECODE.replace(b"a", b"b") + WORDS + b"\x00", "contradiction", ("vocab.decode[0]", "'a'", "'b'")),
    Bad("a word too many in encode", b"\x03\x01b\x02" + ENCODE[1:] + DECODE + WORDS + b"\x00", "contradiction", ("vocab.encode['b']", "expected nothing", "found 2")),
    Bad("no </s>", VOCAB.replace(b"</s>", b"</t>") + b"\x00", "no end", ("vocab.words", "'</s>'")),
]  # fmt: skip
