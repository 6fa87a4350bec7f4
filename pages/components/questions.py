"""Questions of readers, and the figures that answer them: on cards of the front page, and found by search."""

ON_CARDS = (
    ("Does QLoRA of a 7B model fit on my 24 GB GPU?", "memory.fits?model=llama-2-7b"),
    ("How large a model can my budget train?", "compute.budget"),
    ("How many tokens for a 3B model?", "scaling.tokens_for_size"),
    ("What does Mixtral's mixture of experts cost?", "moe.intuition"),
    ("How much memory does a long context take?", "attention.cache"),
    ("Mistral 7B or Llama 2 13B?", "benchmarks.dumbbell?model_a=mistral-7b&model_b=llama-2-13b"),
    ("Is deduplication useful?", "pythia.dedup_forest"),
    ("Can I trust GPT-4 as a judge?", "judges.verdicts"),
    ("Train from scratch for my domain, or continue?", "domain.routes"),
    ("ConvNets or ViTs at equal compute?", "convnets_vits.accuracy"),
)
"""What a reader wants to know, and the address of the figure that answers it."""
SEARCHED = (
    ("How large is the KV cache of Llama 2 70B at 32k?", "attention.cache?model=llama-2-70b&context_len=32768"),
    ("How much memory does DPO training of a 7B model take?", "preference.memory?model=llama-2-7b"),
    ("How many prompts tell two models apart?", "judges.prompts_needed"),
    ("How many epochs can I repeat my data?", "compute.repetition"),
    ("What does a mask of Segment Anything cost?", "segment_anything.per_mask"),
)
"""More of them, without a card."""
