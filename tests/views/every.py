"""One of every view: code that makes what they need, and an expression for each."""

SETUP = """
import tempfile
from rustgpt_lab import LLM, Dataset, LayerNorm, views
from rustgpt_lab.course import induction, sketch
from rustgpt_lab.experiments import run
from rustgpt_lab.training import TrainingSession
llm, text = LLM.packaged(), "User: What does the sun give?"
chat = views.chat(llm, "What does the sun give?")
chat.data = chat.answer({"look": 0})
session = TrainingSession(llm.copy(), Dataset.packaged().chat, epochs=1, learning_rate=1e-3)
session.step(5)
small = dict(embedding_dim=4, hidden_dim=4, blocks=1, epochs=8)
folder = tempfile.mkdtemp()
runs = [run(f"{folder}/{rate}", ["a b </s>"], small | {"learning_rate": rate}) for rate in (0.01, 0.1)]
"""
SHOWS = {
    "attention": "views.attention(llm, text)",
    "beam": "views.beam(llm, text)",
    "cache": "views.cache(llm, text)",
    "byte_pairs": "views.byte_pairs('the thin thief thought that the other thieves had it')",
    "chat": "chat",
    "circuit": "views.circuit(induction.recorded())",
    "clipping": "views.clipping(llm, Dataset.packaged().chat, steps=3)",
    "embeddings": "views.embeddings(llm, 'sun moon stars')",
    "four_words": "views.four_words()",
    "gradient_check": "views.gradient_check(LayerNorm(8))",
    "gradient_flow": "views.gradient_flow(llm, 'The sun gives light </s>')",
    "heads": "views.heads(induction.recorded().llm, induction.TEXT, [(2, 1)])",
    "journey": "views.journey(llm, text)",
    "model_file": "views.model_file(LLM.build(llm.vocab, embedding_dim=4, hidden_dim=4, blocks=1), text)",
    "network": "views.network(llm, text)",
    "next_word": "views.next_word(llm, text)",
    "rotation": "views.rotation([1, 0, 1, 0], [0, 1, 1, 1])",
    "runs": "views.runs(runs)",
    "schedule": "views.schedule()",
    "sketch": "sketch('07.s1', lambda: [1] * 11)",
    "tokens": "views.tokens(llm, text)",
    "training": "views.training(session, text)",
    "valley": "views.valley()",
    "what_if": "views.what_if(llm, text, 'hide', layer=1, column=3)",
}

WRITTEN = {
    "Chinese": "太阳 给 行星 光 和 热 。 行星围绕太阳运行而月亮围绕行星运行所以我们看见月亮",
    "Japanese": "太陽 は 惑星 に 光 を 与える 。 ひまわりは太陽のほうを向いて咲いているように見える",
    "Korean": "태양은 행성에 빛과 열을 준다 . 행성들은태양주위를돌고달은행성주위를돈다",
    "Hindi": "सूर्य ग्रहों को प्रकाश और ऊष्मा देता है । चन्द्रमा पृथ्वी की परिक्रमा करता है",
    "Arabic": "الشمس تعطي الضوء والحرارة لجميع الكواكب . والكواكب تدور حول الشمس",
    "emoji": "👩‍🚀 sees 🪐 and 🏳️‍🌈 : " + 9 * "👨‍👩‍👧‍👦",
}
RIGHT_TO_LEFT = {"Arabic"}
IN_SCRIPT = """
from rustgpt_lab import LLM, Vocab, views
text = {text!r}
llm = LLM.build(Vocab.from_texts([text + " </s>"]), embedding_dim=8, hidden_dim=8, blocks=2, seed=1)
llm.train([text + " </s>"], epochs=60, learning_rate=0.01)
chat = views.chat(llm, text.rsplit(" ", 3)[0])
"""
WORDS = {
    "tokens": "views.tokens(llm, text)",
    "byte_pairs": "views.byte_pairs(text)",
    "attention": "views.attention(llm, text)",
    "chat": "chat",
    "journey": "views.journey(llm, text)",
    "what_if": "views.what_if(llm, text, 'hide', layer=1, column=1)",
    "next_word": "views.next_word(llm, text)",
    "beam": "views.beam(llm, text)",
    "embeddings": "views.embeddings(llm, text)",
    "network": "views.network(llm, text)",
    "cache": "views.cache(llm, text)",
    "heads": "views.heads(llm, text, [(1, 1)])",
}
"""The views that show the words of a text."""
