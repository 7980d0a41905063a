// What the new pictures compute, for Python to compare: a JSON list of questions on stdin, their answers on stdout.
import { readFileSync } from "node:fs";

import { attend } from "../../rustgpt_lab/views/js/four.js";
import { LANDSCAPES } from "../../rustgpt_lab/views/js/landscapes.js";
import { adam, descent, rolled } from "../../rustgpt_lab/views/js/optimizers.js";
import { merging } from "../../rustgpt_lab/views/js/pairs.js";
import { code, possible, warmupCosine } from "../../rustgpt_lab/views/js/schedules.js";
import { tokenize } from "../../rustgpt_lab/views/js/tokenizer.js";

const ANSWERS = {
  landscape: ({ ground, w }) => [LANDSCAPES[ground].loss(w), ...LANDSCAPES[ground].gradient(w)],
  roll({ ground, start, name, rate, beta1, beta2, count }) {
    const step = name === "adam" ? adam(rate, beta1, beta2) : descent(rate, name === "momentum" ? beta1 : 0);
    return rolled(LANDSCAPES[ground].gradient, start, step, count);
  },
  attend: ({ vectors, masked }) => attend(vectors, masked),
  schedule: ({ schedule, last }) =>
    [code(schedule), Array.from({ length: last }, (_, i) => warmupCosine(schedule, i + 1))],
  possible: ({ schedule, last }) => possible(schedule, last),
  merge: ({ text, most }) => merging(tokenize(text), most),
};
const questions = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(questions.map(({ ask, ...more }) => ANSWERS[ask](more))));
