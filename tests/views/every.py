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
