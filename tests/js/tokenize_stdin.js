// Reads a JSON list of texts and writes the tokens of each: for the test that compares with Python.
import { tokenize } from "../../rustgpt_lab/views/js/tokenizer.js";

let input = "";
for await (const chunk of process.stdin) input += chunk;
process.stdout.write(JSON.stringify(JSON.parse(input).map(tokenize)));
