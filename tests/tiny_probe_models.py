"""Small causal language models with their own tokenizers, built in a second or two for the tests of the probe."""

from functools import lru_cache

import numpy as np

TEXT = [
    "Q:What is 7 times 8? A:56\n\n",
    "Q:What is 41 plus 9? A:50\n\n",
    "Question: What is the capital of France?\nAnswer: Paris\n\n",
    "The house is green and the door is blue.\n",
    "Which of these numbers is the largest? 91 19 89 29\n",
]
KINDS = ("gpt_neox", "llama")


@lru_cache(maxsize=4)
def tokenizer(kind: str = "gpt_neox", vocab_size: int = 400):
    """A byte-level tokenizer; that of "llama" puts a token before every text, and has one for "\\n\\n"."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        TEXT * 4, trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False)
    )
    if kind == "llama":
        made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
        return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", model_max_length=256)
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="</s>", eos_token="</s>", model_max_length=256)


SHAPE = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96, "max_position_embeddings": 256}
OTHER_SHAPES = {
    "gpt_neox": SHAPE | {"rotary_pct": 0.25},
    "gpt2": {"n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 256},
    "opt": SHAPE | {"ffn_dim": 96, "word_embed_proj_dim": 48},
    "bloom": {"hidden_size": 48, "n_layer": 2, "n_head": 4},
}


def config(kind: str, n_tokens: int, **changes):
    """The shape of a tiny model with so many tokens in its vocabulary."""
    from transformers import AutoConfig

    special = {"vocab_size": n_tokens, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": None}
    return AutoConfig.for_model(kind, **(OTHER_SHAPES.get(kind, SHAPE | {"num_key_value_heads": 2}) | special | changes))


@lru_cache(maxsize=8)
def build(kind: str = "gpt_neox", trained: bool = False, seed: int = 0, **changes):
    """(model, tokenizer): random weights, or after some seconds of learning what sums and products look like."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)  # two threads on shared cores wait for each other
    torch.manual_seed(seed)
    words = tokenizer(kind)
    model = AutoModelForCausalLM.from_config(config(kind, len(words), **changes))
    with torch.no_grad():  # the usual start is so even that a continuation repeats one token
        for weight in model.parameters():
            if weight.dim() == 2:
                weight.mul_(1.0 if trained else 4.0)
    if trained:
        learn(model, words, seed)
    return model.eval(), words


def learn(model, words, seed: int, steps: int = 120) -> None:
    """Teach a model few-shot prompts of small sums."""
    import torch

    random = np.random.RandomState(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(steps):
        lines = ["".join(sums(random) for _ in range(4)) for _ in range(12)]
        rows = words(lines)["input_ids"]
        width = max(map(len, rows))
        ids = torch.tensor([row + [1] * (width - len(row)) for row in rows])
        loss = model(input_ids=ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def sums(random: np.random.RandomState) -> str:
    a, b = random.randint(0, 100), random.randint(1, 3)
    return f"Q:What is {a} plus {b}? A:{a + b}\n\n"


def save(folder, kind: str = "gpt_neox", **options) -> str:
    """The folder of a saved tiny model, as text."""
    model, words = build(kind, **options)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return str(folder)
