"""Parameters that mean the same on every page, under one name each; their values follow the reader from figure to figure.

The name of the constant in small letters is the name of the parameter. A figure may narrow the bounds and has its own default:

    context_len: int = CONTEXT_LEN(8_192, high=131_072)
"""

from analysis.charts.parameters import Choice, Quantity
from analysis.charts.subjects import GPU, MODEL

__all__ = [
    "BATCH_SIZE", "BITS", "CONTEXT_LEN", "GPU", "KV_BITS", "LEVEL", "LORA_RANK", "MEMORY_UNIT", "MFU", "MODEL", "N_GPUS", "N_PARAMS",
    "N_PROMPTS", "N_TOKENS", "SEQ_LEN", "TOKENS_PER_PARAM", "TRAIN_FLOPS", "USD_PER_GPU_HOUR", "WEIGHT_BITS", "WINDOW",
]  # fmt: skip

BITS = {16: "16 bit", 8: "8 bit", 4: "4 bit"}

CONTEXT_LEN = Quantity("Context length", unit="tokens", low=512, high=2**20, twos=True, whole=True)
BATCH_SIZE = Quantity("Batch size", unit="sequences", low=1, high=256, twos=True, whole=True)
SEQ_LEN = Quantity("Sequence length", unit="tokens", low=128, high=16_384, twos=True, whole=True)
WINDOW = Quantity("Sliding window", unit="tokens", low=16, high=2**17, twos=True, whole=True)
MEMORY_UNIT = Choice(
    "Memory unit", options={"gb": "GB (10^9 bytes)", "gib": "GiB (2^30 bytes)"}, rare=True,
)  # fmt: skip
WEIGHT_BITS = Choice("Weight precision", options=BITS)
KV_BITS = Choice("KV-cache precision", options=BITS)
N_GPUS = Quantity("GPUs", low=1, high=1_000_000, whole=True)
MFU = Quantity(
    "MFU (% of peak)", unit="share", low=0.05, high=0.9, step=0.01,
)  # fmt: skip
USD_PER_GPU_HOUR = Quantity("Price per GPU-hour", unit="USD", low=0.01, high=100)
TRAIN_FLOPS = Quantity("Training compute", unit="FLOP", low=1e18, high=1e27)
N_PARAMS = Quantity("Parameters", unit="parameters", low=1e7, high=3e12)
N_PROMPTS = Quantity("Prompts", unit="prompts", low=10, high=5_000, whole=True)
N_TOKENS = Quantity("Training tokens", unit="tokens", low=1e9, high=1e14)
TOKENS_PER_PARAM = Quantity("Tokens per parameter", low=1, high=2_500)
LORA_RANK = Quantity("LoRA rank (r)", low=1, high=512, twos=True, whole=True)
LEVEL = Quantity("Confidence level", unit="share", low=0.5, high=0.99, step=0.01)
