"""Bad JSON files, each a sound one with one thing wrong, as bytes."""
# ruff: noqa: E501 (a bad file a line)

from .binary import Bad

ARRAY = b'{"v": 1, "dim": [1, 1], "data": [0.5]}'
ADAM = b'{"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "timestep": 7, "m": %s, "v": %s}' % (ARRAY, ARRAY)
NORM = (
    b'{"epsilon": 1e-5, "gamma": %s, "beta": %s, "cached_input": null, "cached_mean": null, "cached_std": null,'
    b' "optimizer_gamma": %s, "optimizer_beta": %s}'
) % (ARRAY, ARRAY, ADAM, ADAM)
VOCAB = b'{"encode": {"a": 0, "</s>": 1}, "decode": {"0": "a", "1": "</s>"}, "words": ["a", "</s>"]}'
GOOD = b'{"vocab": %s, "network": [{"LayerNorm": %s}]}' % (VOCAB, NORM)


def bad(old: bytes, new: bytes) -> bytes:
    """The sound file with a change."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)


DATA = "network[0].LayerNorm.gamma.data"
FILES = [
    Bad("empty", b"", "empty", ("byte 0", "the file is empty")),
    Bad("white space", b" \n", "cut off", ("byte 2",)),
    Bad("cut in an array", GOOD[: GOOD.index(b"0.5") + 2], "cut off", ("gamma.data", "end of a list")),
    Bad("cut in a text", b'{"voc', "cut off", ("byte 5", "end of a text")),
    Bad("trailing bytes", GOOD + b" x", "trailing bytes", ("1 more bytes",)),
    Bad("a second value", GOOD + GOOD, "trailing bytes", ("more bytes",)),
    Bad("no JSON at all", b"hello", "json", ("byte 0", "an object", "'hello'")),
    Bad("UTF-16", b"\xff\xfe" + GOOD[:10].decode().encode("utf-16-le"), "json", ("byte 0",)),
    Bad("a comma too many", bad(b'"a", "</s>"]', b'"a", "</s>",]'), "json", ("vocab.words[2]", "a text", "']")),
    Bad("a comma too many among the numbers", bad(b"[0.5]", b"[0.5,]"), "json", (DATA, "a number")),
    Bad("a comma too few", bad(b'"a", "</s>"]', b'"a" "</s>"]'), "type", ("vocab.words", "a comma")),
    Bad("NaN", bad(b"[0.5]", b"[NaN]"), "json", (DATA, "a number", "NaN")),
    Bad("Infinity", bad(b"[0.5]", b"[-Infinity]"), "json", (DATA, "a number", "-Infinity")),
    Bad("NaN in a setting", bad(b"1e-5", b"NaN"), "json", ("LayerNorm.epsilon", "a number", "NaN")),
    Bad("null for a weight", bad(b"[0.5]", b"[null]"), "not finite", ("network[0].LayerNorm.gamma[0]", "nan")),
    Bad("null for a setting", bad(b"0.999", b"null"), "setting", ("optimizer_gamma.beta2", "nan")),
    Bad("1e400", bad(b"[0.5]", b"[1e400]"), "large number", (DATA, "too large", "found 1e400")),
    Bad("1e39, which a float64 can hold", bad(b"[0.5]", b"[-1e39]"), "large number", (DATA, "3.4028235e38", "-1e39")),
    Bad("1e400 in a setting", bad(b"1e-5", b"1e400"), "large number", ("LayerNorm.epsilon", "found 1e400")),
    Bad("5,000 digits", bad(b"[0.5]", b"[%s]" % (b"1" * 5000)), "long number", (DATA, "too long", "5000")),
    Bad("5,000 decimals", bad(b"[0.5]", b"[0.%s]" % (b"1" * 5000)), "long number", (DATA, "too long", "5002")),
    Bad("5,000 digits in a whole number", bad(b'"timestep": 7', b'"timestep": ' + b"7" * 5000), "long number", ("timestep", "5000")),
    Bad("2^64", bad(b'"timestep": 7', b'"timestep": 18446744073709551616'), "large number", ("timestep", "64 bits")),
    Bad("a depth of 100,000 lists", b"[" * 100_000 + b"]" * 100_000, "type", ("byte 0", "an object", "a list")),
    Bad("a depth of 100,000 objects", b'{"vocab":' * 100_000, "unknown field", ("vocab", "'vocab'")),
    Bad("a depth of 100,000 in an array", bad(b"[0.5]", b"[" * 100_000 + b"]" * 100_000), "json", ("gamma", "a comma or")),
    Bad("an unknown field", bad(b'"epsilon": 1e-5', b'"momentum": 1e-5'), "unknown field", ("LayerNorm", "'momentum'", "gamma")),
    Bad("a missing field", bad(b'"epsilon": 1e-5, ', b""), "missing field", ("LayerNorm", "missing", "epsilon")),
    Bad("an unknown layer", bad(b'"LayerNorm"', b'"Dropped"'), "layer", ("network[0]", "'Dropped'")),
    Bad("two layers in one object", bad(b'}}]}', b'}, "Dropped": {}}]}'), "json", ("network[0]", "end of the layer")),
    Bad("array version 2", bad(b'"v": 1', b'"v": 2'), "version", ("gamma.v", "expected 1", "found 2")),
    Bad("more in dim than numbers", bad(b"[0.5]", b"[]"), "count", ("gamma.dim", "1 x 1 = 1", "found at most 0")),
    Bad("more numbers than dim", bad(b"[0.5]", b"[0.5, 0.5]"), "count", ("gamma.dim", "1 x 1", "found 2")),
    Bad(
        "more numbers than dim, in several pieces",
        bad(b"[0.5]", b"[" + b"0.5," * 59_999 + b"0.5]"),
        "count",
        ("gamma.dim", "1 x 1", "found 60000"),
    ),
    Bad("a dim of three", bad(b"[1, 1]", b"[1, 1, 1]"), "too many", ("gamma.dim", "at most 2")),
    Bad("a dim of one", bad(b"[1, 1]", b"[1]"), "list length", ("gamma.dim", "expected 2", "found 1")),
    Bad("a dim of 2^40", bad(b"[1, 1]", b"[1099511627776, 0]"), "dimension", ("gamma.dim", "too large")),
    Bad("text for a number", bad(b"[0.5]", b'["0.5"]'), "type", (DATA, "a number", "a text")),
    Bad("true for a number", bad(b"[0.5]", b"[true]"), "type", (DATA, "a number", "true")),
    Bad("a number for text", bad(b'["a", ', b"[1, "), "type", ("vocab.words[0]", "a text", "found 1")),
    Bad("a decimal for a whole number", bad(b'"timestep": 7', b'"timestep": 7.0'), "type", ("timestep", "whole", "7.0")),
    Bad("a negative whole number", bad(b'"timestep": 7', b'"timestep": -7'), "type", ("timestep", "whole", "-7")),
    Bad("a number for an object", bad(ADAM, b"5"), "type", ("optimizer_gamma", "an object", "found 5")),
    Bad("an object for a list", bad(b'["a", "</s>"]', b"{}"), "type", ("vocab.words", "a list", "an object")),
    Bad("a number for an option", bad(b'"cached_input": null', b'"cached_input": 0'), "type", ("cached_input", "an object", "found 0")),
    Bad("a word for an id", bad(b'{"0": "a"', b'{"zero": "a"'), "key", ("vocab.decode", "whole number", "'zero'")),
    Bad("01 for an id", bad(b'{"0": "a"', b'{"00": "a"'), "key", ("vocab.decode", "whole number", "'00'")),
    Bad("01 for a number", bad(b"[0.5]", b"[01]"), "type", (DATA, "a comma", "1")),
    Bad("not UTF-8", bad(b'["a"', b'["\xff"'), "utf-8", ("vocab.words[0]", "0xff")),
    Bad("half a surrogate pair", bad(b'["a"', b'["\\ud800"'), "escape", ("vocab.words[0]", "escape")),
    Bad("a bad escape", bad(b'["a"', b'["\\x"'), "escape", ("vocab.words[0]", "escape")),
    Bad("a line break in a text", bad(b'["a"', b'["\n"'), "control character", ("vocab.words[0]", "control character")),
    Bad("a key twice, the last value bad", bad(b'"v": 1,', b'"v": 1, "\\u0076": 2,'), "version", ("gamma.v", "expected 1", "found 2")),
    Bad("timestep 2^64 - 1", bad(b'"timestep": 7', b'"timestep": 18446744073709551615'), "setting", ("optimizer_gamma.timestep", "18446744073709551615")),
    Bad("no </s>", GOOD.replace(b"</s>", b"</t>"), "no end", ("vocab.words", "'</s>'")),
]  # fmt: skip

TWICE = [
    bad(b'"v": 1, "dim"', b'"v": 1, "v": 1, "dim"'),
    bad(b'"dim": [1, 1]', b'"dim": [5, 5], "\\u0064im": [1, 1]'),
    bad(b'"timestep": 7', b'"timestep": 18446744073709551615, "timestep": 7'),
    bad(b'{"a": 0,', b'{"a": 5, "a": 0,'),
    bad(b'"epsilon": 1e-5', b'"epsilon": 1, "epsilon": 1e-5'),
]
"""Sound files: of two equal keys the last counts, as in serde_json's maps and everywhere in Python."""
