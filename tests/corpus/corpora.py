"""Corpora as people have them, each of its own kind: what is understood of it, or the message that refuses it.

By what they are: (name of the file, its bytes, the texts, the sentence), or (name, bytes, beginning of the message).
"""
# ruff: noqa: E501 (a file a line)

import csv
import json

BOM = b"\xef\xbb\xbf"
SUN = "User: What is the sun? Assistant: A star. </s>"
MOON = "User: What is the moon? Assistant: A rock. </s>"
PAIR = "as User: … Assistant: … </s>"
QA = [["What is the sun?", "A star."], ["What is the moon?", "A rock."]]


def lines(*values: object) -> bytes:
    return "\n".join(json.dumps(value, ensure_ascii=False) for value in values).encode()


def objects(*names: str) -> list[dict[str, str]]:
    return [dict(zip(names, pair, strict=True)) for pair in QA]


def turns(outer: str, role: str, content: str, user: str, assistant: str) -> list[dict[str, object]]:
    return [
        {outer: [{role: user, content: question}, {role: assistant, content: answer}]}
        for question, answer in QA
    ]


AS_THEY_STAND = {
    "BOM in JSON": ("x.json", BOM + b'["User: a </s>"]', ["User: a </s>"]),
    "BOM in CSV": ("x.csv", BOM + b"User: a </s>\r\n", ["User: a </s>"]),
    "BOM before a quote": ("x.csv", BOM + b'"User: a, b </s>"', ["User: a, b </s>"]),
    "two BOMs": ("x.csv", BOM + BOM + b"a </s>", ["a </s>"]),
    "a name in capitals": ("X.JSON", b'["a"]', ["a"]),
    "a line break in a field": ("x.csv", b'"The sun\nrises </s>"\nb', ["The sun\nrises </s>", "b"]),
    "Windows' line break in a field": ("x.csv", b'"The sun\r\nrises </s>"\r\nb', ["The sun\r\nrises </s>", "b"]),
    "the old Mac's line breaks": ("x.csv", b'"The sun\rrises"\rb\r', ["The sun\rrises", "b"]),
    "breaks that are none, CSV": ("x.csv", "a\u2028b\u2029c\x85d\x0ce\x0bf\x1cg\x1dh\x1ei\n".encode(), ["a\u2028b\u2029c\x85d\x0ce\x0bf\x1cg\x1dh\x1ei"]),
    "breaks that are none, JSON": ("x.json", '["a\u2028b\x85c"]'.encode(), ["a\u2028b\x85c"]),
    "breaks that are none, JSON Lines": ("x.jsonl", '"a\u2028b\x85c"\r\n\n"d"\r\n'.encode(), ["a\u2028b\x85c", "d"]),
    "an escaped break in JSON Lines": ("x.jsonl", b'"a\\nb"', ["a\nb"]),
    "uneven rows are texts with commas": ("x.csv", b"The sun, a star, is hot\nIt is far\n", ["The sun, a star, is hot", "It is far"]),
    "quotes in the middle": ("x.csv", b'Say "hi", now\n"Say ""hi"""', ['Say "hi", now', 'Say "hi"']),
    "spaces around": ("x.csv", b" a , b \n", [" a , b "]),
    "a text that begins like a header": ("x.csv", b"text </s>\nb", ["text </s>", "b"]),
    "words of a header in a sentence": ("x.csv", b"The question is hard, the answer is not\n", ["The question is hard, the answer is not"]),
    "a whole emoji, escaped": ("x.json", b'["\\ud83d\\ude00 sun"]', ["\U0001f600 sun"]),
    "an escaped NUL is a character": ("x.json", b'["a\\u0000b"]', ["a\0b"]),
    "U+001C alone is a word": ("x.json", b'["\\u001c"]', ["\x1c"]),
    "not Latin": ("x.csv", "太阳 </s>\n".encode(), ["太阳 </s>"]),
}  # fmt: skip


UNDERSTOOD = {
    "empty rows of CSV": ("x.csv", b"a\n,,,\n\n , \nb\n", ["a", "b"], "2 texts, as they stand; 2 empty rows skipped"),
    "empty texts of JSON": ("x.json", b'["a", " ", ""]', ["a"], "1 text, as they stand; 2 empty rows skipped"),
    "white space of other scripts": ("x.json", '["a", "\u3000\x85"]'.encode(), ["a"], "1 text, as they stand; 1 empty row skipped"),
    "a header of CSV": ("x.csv", b"question,answer\nWhat is the sun?,A star.\n,\nWhat is the moon?,A rock.\n", [SUN, MOON], f"2 texts, from the fields question and answer, {PAIR}; 1 empty row skipped"),
    "an exported header": ("x.csv", b",Topic,Question,Answer\n0,sky,What is the sun?,A star.\n", [SUN], f"1 text, from the fields question and answer, {PAIR}; not read: topic"),
    "quoted header, BOM": ("x.csv", BOM + b'"question","answer"\r\n"What is the sun?","A star."\r\n', [SUN], f"1 text, from the fields question and answer, {PAIR}"),
    "Excel's semicolons": ("x.csv", b"question;answer\nWhat is the sun?;A star.\n", [SUN], f"1 text, from the fields question and answer, {PAIR}; fields divided by a semicolon"),
    "tabs": ("x.csv", b"text\tlabel\na, b\t1\n", ["a, b </s>"], "1 text, from the field text, each ending in </s>; not read: label; fields divided by a tab"),
    "a header after blank lines": ("x.csv", b"\n\ntext\nThe sun\n", ["The sun </s>"], "1 text, from the field text, each ending in </s>"),
    "a field with a line break below a header": ("x.csv", b'id,text\n1,"The sun\nrises </s>"', ["The sun\nrises </s>"], "1 text, from the field text, each ending in </s>; not read: id"),
    "text in JSON Lines": ("x.jsonl", lines({"text": " The sun\n", "meta": {"a": [1]}}, {"text": ""}, {"text": "The moon </s> "}), ["The sun </s>", "The moon </s>"], "2 texts, from the field text, each ending in </s>; 1 empty row skipped; not read: meta"),
    "Alpaca": ("x.json", lines([{"instruction": "What is", "input": "the sun?", "output": "A star."}, {"instruction": "What is the moon?", "input": "", "output": "A rock. </s>", "text": "Below is an instruction"}]), [SUN, MOON], f"2 texts, from the fields instruction, input and output, {PAIR}; not read: text"),
    "Alpaca, some without input": ("x.jsonl", lines({"instruction": "What is the sun?", "output": "A star."}, {"instruction": "What is the moon?", "input": None, "output": "A rock."}), [SUN, MOON], f"2 texts: 1 from the fields instruction and output, {PAIR}, 1 from the fields instruction, input and output, {PAIR}"),
    "Dolly": ("x.jsonl", lines({"instruction": "What is", "context": "the sun?", "response": "A star.", "category": "qa"}), [SUN], f"1 text, from the fields instruction, context and response, {PAIR}; not read: category"),
    "input and output": ("x.jsonl", lines(*objects("input", "output")), [SUN, MOON], f"2 texts, from the fields input and output, {PAIR}"),
    "prompt and completion": ("x.jsonl", lines(*objects("prompt", "completion")), [SUN, MOON], f"2 texts, from the fields prompt and completion, {PAIR}"),
    "prompt and response": ("x.json", lines(objects("prompt", "response")), [SUN, MOON], f"2 texts, from the fields prompt and response, {PAIR}"),
    "with labels": ("x.jsonl", lines({"prompt": "User: What is the sun?", "response": "Assistant: A star. </s>"}), [SUN], f"1 text, from the fields prompt and response, {PAIR}"),
    "ShareGPT": ("x.jsonl", lines(*turns("conversations", "from", "value", "human", "gpt")), [SUN, MOON], f"2 texts, from the turns of conversations, {PAIR}"),
    "OpenAI": ("x.jsonl", lines(*turns("messages", "role", "content", "user", "assistant")), [SUN, MOON], f"2 texts, from the turns of messages, {PAIR}"),
    "their mixture": ("x.json", lines(turns("conversations", "role", "content", "user", "assistant")), [SUN, MOON], f"2 texts, from the turns of conversations, {PAIR}"),
    "many turns and a system": ("x.jsonl", lines({"messages": [{"role": role, "content": text} for role, text in [("system", "Be kind"), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]], "prompt": "a"}), ["User: a Assistant: b User: c Assistant: d </s>"], f"1 text, from the turns of messages, {PAIR}, without those of the system; not read: prompt"),
    "an empty pair": ("x.json", lines([{"question": "", "answer": " "}, {"question": "What is the sun?", "answer": "A star."}]), [SUN], f"1 text, from the fields question and answer, {PAIR}; 1 empty row skipped"),
    "no turns": ("x.jsonl", lines({"messages": []}, *turns("messages", "role", "content", "user", "assistant")), [SUN, MOON], f"2 texts, from the turns of messages, {PAIR}; 1 empty row skipped"),
    "texts and objects": ("x.json", lines(["a", {"text": "b"}, "c"]), ["a", "b </s>", "c"], "3 texts: 2 as they stand, 1 from the field text, each ending in </s>"),
    "plain text": ("x.txt", BOM + "The sun\r\nrises.\r\n \t\r\n\r\nIt\u2028sets. </s>\n\u3000\n\n".encode(), ["The sun\nrises. </s>", "It\u2028sets. </s>"], "2 texts, cut at blank lines, each ending in </s>"),
    "one text a line, ended": ("x.txt", b"The sun rises </s>\nIt sets </s> \nat\nnight x</s>\n", ["The sun rises </s>", "It sets </s>", "at\nnight x</s> </s>"], "3 texts, cut at blank lines, each ending in </s>"),
    "ends without texts": ("x.txt", b"</s>\n\n</s>\n\na", ["a </s>"], "1 text, cut at blank lines, each ending in </s>"),
}  # fmt: skip


SAVE = 'Save it as UTF-8 (in Excel "CSV UTF-8", in Notepad the encoding "UTF-8").'
FORMS = (
    "text; or one of question, instruction, prompt with one of answer, output, response, completion; "
    "or one of messages, conversations"
)
ROW = "this row is not a text; expected a text, or an object with fields, found"
REFUSED = {
    "cp1252": ("x.csv", "a\nDas Mädchen".encode("cp1252"), f"x.csv, line 2, byte 7: this is not UTF-8; found byte 0xe4. {SAVE}"),
    "cp1252 after a BOM": ("x.json", BOM + b'["\xe9"]', "x.json, line 1, byte 5: this is not UTF-8; found byte 0xe9."),
    "cut in a character": ("x.txt", "sé".encode()[:2], "x.txt, line 1, byte 1: this is not UTF-8; found byte 0xc3."),
    "a surrogate as bytes": ("x.txt", b"\xed\xa0\xbd", "x.txt, line 1, byte 0: this is not UTF-8"),
    "UTF-16 with BOM": ("x.csv", "a".encode("utf-16"), f"x.csv: this is text in UTF-16; expected text in UTF-8. {SAVE}"),
    "UTF-16, the other order": ("x.csv", b"\xfe\xff\0a", "x.csv: this is text in UTF-16; expected text in UTF-8."),
    "UTF-16 without BOM": ("x.json", '["a"]'.encode("utf-16-le"), f"x.json, line 1, byte 1: this is not text, or not UTF-8; found byte 0x00. {SAVE}"),
    "UTF-32": ("x.txt", "a".encode("utf-32"), "x.txt: this is text in UTF-32; expected text in UTF-8."),
    "a NUL": ("x.csv", b"a\nb\0", "x.csv, line 2, byte 3: this is not text, or not UTF-8; found byte 0x00."),
    "a workbook": ("x.csv", b"PK\x03\x04\x14", "x.csv: this is an Excel workbook or another zip archive; expected text in UTF-8."),
    "gzip": ("x.json", b"\x1f\x8b\x08", "x.json: this is compressed by gzip; expected text in UTF-8. Unpack it."),
    "a pointer": ("x.txt", b"version https://git-lfs", "x.txt: this is a pointer of Git LFS; expected text in UTF-8. Fetch the file"),
    "a web page": ("x.csv", b"<!DOCTYPE html>\n", "x.csv: this is a web page; expected text in UTF-8. Download the file itself"),
    "a web page with a BOM": ("x.txt", BOM + b"\r\n<!doctype html>\n", "x.txt: this is a web page; expected text in UTF-8."),
    "an old workbook": ("x.csv", b"\xd0\xcf\x11\xe0\xa1", "x.csv: this is an old Excel or Word file; expected text in UTF-8. Save the table"),
    "Parquet": ("x.jsonl", b"PAR1\x15", "x.jsonl: this is a Parquet table; expected text in UTF-8. Export it as JSON Lines."),
    "PDF": ("x.txt", b"%PDF-1.7", "x.txt: this is a PDF; expected text in UTF-8. Save its text as .txt."),
    "Rich Text": ("x.txt", b"{\\rtf1", "x.txt: this is Rich Text; expected text in UTF-8. Save it as plain text, .txt."),
    "an empty JSON": ("x.json", b"", "x.json, line 1, column 1: this is not JSON: Expecting value."),
    "an empty list": ("x.json", b"[]", "x.json: this corpus is empty; expected at least one text, found none"),
    "an empty JSON Lines": ("x.jsonl", b" \n\n", "x.jsonl: this corpus is empty"),
    "an empty CSV": ("x.csv", BOM, "x.csv: this corpus is empty"),
    "only empty rows": ("x.csv", b",,,\n", "x.csv: this corpus is empty"),
    "only a header": ("x.csv", b"text\n", "x.csv: this corpus is empty"),
    "an empty text": ("x.txt", " \n \x85\n</s>\n".encode(), "x.txt: this corpus is empty"),
    "a JSON object": ("x.json", b'{"data": ["a"]}', "x.json: wrong form; expected a JSON list of texts or objects, found an object with the fields data"),
    "a JSON string": ("x.json", b'"a"', "x.json: wrong form; expected a JSON list of texts or objects, found 'a'"),
    "JSON cut off": ("x.json", b'["a",\n"b"', "x.json, line 2, column 4: this is not JSON: Expecting ',' delimiter. One value a line is JSON Lines: such a file is called .jsonl."),
    "JSON Lines called JSON": ("x.json", b'{"text": "a"}\n{"text": "b"}', "x.json, line 2, column 1: this is not JSON: Extra data. One value a line is JSON Lines"),
    "JSON called JSON Lines": ("x.jsonl", b'[\n"a"]', "x.jsonl, line 1, column 2: this is not JSON: Expecting value. Every line is one value; a list"),
    "bad JSON in line 3": ("x.jsonl", b'"a"\n\n{"text": }', "x.jsonl, line 3, column 10: this is not JSON: Expecting value."),
    "too deep": ("x.json", b"[" * 100_000, "x.json, from line 1: this is not JSON of texts: lists or objects that are too deep"),
    "too many digits": ("x.jsonl", b'"a"\n' + b"9" * 5000, "x.jsonl, from line 2: this is not JSON of texts: a number with too many digits"),
    "a number": ("x.json", b'["a", 3]', f"x.json, row 2 (the first is row 1): {ROW} 3"),
    "ids": ("x.json", b"[[4, 8]]", f"x.json, row 1 (the first is row 1): {ROW} a list"),
    "null": ("x.jsonl", b'"a"\nnull', f"x.jsonl, line 2: {ROW} null"),
    "NaN": ("x.json", b"[NaN]", f"x.json, row 1 (the first is row 1): {ROW} NaN"),
    "true": ("x.json", b"[true]", f"x.json, row 1 (the first is row 1): {ROW} true"),
    "half an emoji": ("x.json", b'["a", "The \\ud83d sun"]', "x.json, row 2 (the first is row 1): this text holds half a character (a lone surrogate); found '\\ud83d' in 'The \\ud83d sun'. An emoji was cut in two"),
    "half an emoji in a field": ("x.jsonl", b'{"text": "a"}\n{"text": "\\ude00"}', "x.jsonl, line 2, field text: this text holds half a character"),
    "half an emoji in a turn": ("x.jsonl", b'{"messages": [{"role": "user", "content": "\\ude00"}]}', "x.jsonl, line 1, messages, turn 1, field content: this text holds half a character"),
    "half an emoji as a field": ("x.jsonl", b'{"\\ude00": "a"}', f"x.jsonl, line 1: no text can be made of these fields; expected {FORMS}, found '\\ude00'."),
    "unknown fields": ("x.jsonl", lines({"text": "a"}, {"id": 1, "sentence": "b"}), f"x.jsonl, line 2: no text can be made of these fields; expected {FORMS}, found id, sentence. " "Give a field the name of what it holds."),
    "no fields": ("x.json", b"[{}]", f"x.json, row 1 (the first is row 1): no text can be made of these fields; expected {FORMS}, found none."),
    "a question without an answer": ("x.jsonl", lines({"question": "a"}), f"x.jsonl, line 1: no text can be made of these fields; expected {FORMS}, found question."),
    "two questions": ("x.jsonl", lines({"question": "a", "prompt": "b", "answer": "c"}), "x.jsonl, line 1: which field is the question?; expected one of them, found question, prompt"),
    "two answers": ("x.csv", b"question,answer,output\n", "x.csv, line 1 (a header): which field is the answer?; expected one of them, found answer, output"),
    "a field twice": ("x.jsonl", b'{"text": "a", "Text": "b"}', "x.jsonl, line 1, field text: this field stands twice"),
    "text is a number": ("x.jsonl", lines({"text": 3}), "x.jsonl, line 1, field text: this field is not a text; expected a string, found 3"),
    "text is null": ("x.jsonl", lines({"text": None}), "x.jsonl, line 1, field text: this field is not a text; expected a string, found null"),
    "an answer is a list": ("x.json", lines([{"question": "a", "answer": ["b"]}]), "x.json, row 1 (the first is row 1), field answer: this field is not a text; expected a string, found a list"),
    "an answer is an object": ("x.json", lines([{"question": "a", "answer": {"text": "b"}}]), "x.json, row 1 (the first is row 1), field answer: this field is not a text; expected a string, found an object with the fields text"),
    "an empty answer": ("x.csv", b"question,answer\na,b\nc, \n", "x.csv, line 3, field answer: this field is empty; expected words"),
    "only an end as the answer": ("x.csv", b"question,answer\nc,</s>\n", "x.csv, line 2, field answer: this field is empty"),
    "an empty question": ("x.jsonl", lines({"instruction": "", "output": "b"}), "x.jsonl, line 1, field instruction: this field is empty"),
    "a header that we cannot use": ("x.csv", b"id,sentence\n1,a\n", f"x.csv, line 1 (a header): no text can be made of these fields; expected {FORMS}, found id, " "sentence. Give"),
    "questions alone": ("x.csv", b"question\na\n", "x.csv, line 1 (a header): no text can be made of these fields"),
    "a header twice": ("x.csv", b"text,text\na,b\n", "x.csv, line 2, field text: this field stands twice"),
    "a comma too many below a header": ("x.csv", b'question,answer\n"a\nb",c\nd,e, f\n', "x.csv, line 4: this row does not fit the header; expected 2 fields (question, answer), found 3. A text that holds a comma or a line break must stand between double quotes."),
    "a comma too few below a header": ("x.csv", b"question,answer\na\n", "x.csv, line 2: this row does not fit the header; expected 2 fields (question, answer), found 1."),
    "an open quote": ("x.csv", b'a\n\n"open\nb\nc', "x.csv, line 3: this row is not CSV: unexpected end of data. A text that begins with a double quote must end with one"),
    "more behind a quote": ("x.csv", b'a\n"b" c\nd', "x.csv, line 2: this row is not CSV: ',' expected after '\"'."),
    "a huge field": ("x.csv", b"a\n" + b"b" * (csv.field_size_limit() + 1), "x.csv, line 2: this row is not CSV: field larger than field limit (131072)."),
    "turns are a text": ("x.csv", b"messages\n[]\n", "x.csv, line 2, field messages: wrong form; expected a list of turns, found '[]'"),
    "a turn is a text": ("x.jsonl", lines({"messages": ["a"]}), "x.jsonl, line 1, messages, turn 1: wrong form; expected an object, found 'a'"),
    "a turn without content": ("x.jsonl", lines({"messages": [{"role": "user"}]}), "x.jsonl, line 1, messages, turn 1: fields are missing; expected role and content, or from and value, found role"),
    "a turn of parts": ("x.jsonl", lines({"messages": [{"role": "user", "content": [{"type": "text"}]}]}), "x.jsonl, line 1, messages, turn 1, field content: this field is not a text; expected a string, found a list"),
    "an empty turn": ("x.jsonl", lines({"messages": [{"role": "user", "content": " "}]}), "x.jsonl, line 1, messages, turn 1, field content: this field is empty"),
    "a tool": ("x.jsonl", lines({"messages": [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]}), "x.jsonl, line 1, messages, turn 2, field role: the turns do not alternate; expected one of assistant, gpt, found 'tool'"),
    "the assistant first": ("x.jsonl", lines({"conversations": [{"from": "gpt", "value": "a"}]}), "x.jsonl, line 1, conversations, turn 1, field from: the turns do not alternate; expected one of user, human, found 'gpt'"),
    "no answer": ("x.jsonl", lines({"messages": [{"role": "user", "content": "a"}]}), "x.jsonl, line 1, field messages: the last turn is not an answer; expected the assistant's"),
    "only a system": ("x.jsonl", lines({"messages": [{"role": "system", "content": "a"}]}), "x.jsonl, line 1, field messages: the last turn is not an answer"),
    "another kind": ("x.xlsx", b"", "x.xlsx: unknown kind of corpus; expected .json, .jsonl, .csv or .txt, found .xlsx"),
    "no kind": ("corpus", b"", "corpus: unknown kind of corpus; expected .json, .jsonl, .csv or .txt, found no extension"),
    "compressed": ("x.json.gz", b"", "x.json.gz: unknown kind of corpus; expected .json, .jsonl, .csv or .txt, found .gz"),
}  # fmt: skip
