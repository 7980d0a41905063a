// What the browser's model computes, for Python to compare. On stdin { models, asked }: models as `portable.py` tells
// of them, their weights in base64; questions of the kinds below. On stdout their answers.
import { readFileSync } from "node:fs";

import { attentionOf } from "../../rustgpt_lab/views/js/model/attention_of.js";
import { run } from "../../rustgpt_lab/views/js/model/changes.js";
import { chatOf } from "../../rustgpt_lab/views/js/model/chat_of.js";
import { generator } from "../../rustgpt_lab/views/js/model/generator.js";
import { journeyOf } from "../../rustgpt_lab/views/js/model/journey_of.js";
import { LLM, ModelError } from "../../rustgpt_lab/views/js/model/llm.js";
import { networkOf } from "../../rustgpt_lab/views/js/model/network_of.js";
import { say } from "../../rustgpt_lab/views/js/model/say.js";
import { whatIfOf } from "../../rustgpt_lab/views/js/model/what_if_of.js";
import { bytesOf } from "../../rustgpt_lab/views/js/packing.js";

const VIEWS = { attention: attentionOf, what_if: whatIfOf, journey: journeyOf, network: networkOf, chat: chatOf };
const plain = (numbers) => Array.from(numbers, (x) => (Number.isFinite(x) ? x : String(x)));
const caches = (found) => found.map((cache) => Object.fromEntries(Object.entries(cache).map(([name, array]) =>
  [name, plain(Array.isArray(array) ? array : array.values)])));

const { models, asked } = JSON.parse(readFileSync(0, "utf8"));
const llms = models.map((each) => new LLM(each, new Float32Array(bytesOf(each.weights))));
const ANSWERS = {
  trace: ({ text }) => caches(llms[0].trace(text)),
  run: ({ text, change, touched }) => caches(run(llms[0], text, change, touched)),
  say: ({ text, strategy }) => [...say(llms[0], llms[0].tokenize(text), strategy)],
  random({ seed, count }) {
    const next = generator(seed);
    return Array.from({ length: count }, next);
  },
  view({ view, question, data, sentence }) {
    try {
      const answer = VIEWS[view](llms, question, data, sentence);
      return "next" in answer ? [...answer] : [answer];
    } catch (problem) {
      if (problem instanceof ModelError) return { problem: problem.message };
      throw problem;
    }
  },
};
/** Every number of an array that is computed when it is looked at. */
function whole({ shape, at }) {
  const places = shape.reduce((all, size) => all.flatMap((place) => Array.from({ length: size }, (_, i) =>
    [...place, i])), [[]]);
  return { shape, buffer: places.map((place) => at(...place)) };
}
/** Buffers become lists; what is not finite a string. */
function written(_, value) {
  if (value?.shape && value.at) return whole(value);
  return ArrayBuffer.isView(value) ? plain(value) : value;
}
process.stdout.write(JSON.stringify(asked.map(({ ask, ...more }) => ANSWERS[ask](more)), written));
