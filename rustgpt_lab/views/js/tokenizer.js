// vocab.py's `tokenize` once more, so that a text can be cut while it is typed.

// Rust's white space, which is neither Python's nor JavaScript's.
const SPACE = "\\t-\\r\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const MARK = "!-\\/:-@\\[-`{-~";
const TOKEN = new RegExp(`(?<![^${SPACE}])</s>(?![^${SPACE}])|[${MARK}]|[^${SPACE}${MARK}]+`, "g");

/**
 * Cut a text into words: split on white space; inside a word every ASCII punctuation character stands alone.
 * @param {string} text
 * @returns {string[]}
 */
export function tokenize(text) {
  return text.match(TOKEN) ?? [];
}
