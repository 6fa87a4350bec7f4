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

CONTEXT_LEN = Quantity(
    "Context", unit="tokens", low=512, high=2**20, twos=True, whole=True, help="Tokens that the model has read, in each sequence."
)
BATCH_SIZE = Quantity("Batch size", unit="sequences", low=1, high=256, twos=True, whole=True, help="Sequences that are processed at once.")
SEQ_LEN = Quantity("Sequence length", unit="tokens", low=128, high=16_384, twos=True, whole=True, help="Tokens in each training sequence.")
WINDOW = Quantity(
    "Sliding window", unit="tokens", low=16, high=2**17, twos=True, whole=True, help="Positions that a token attends to, itself included."
)
MEMORY_UNIT = Choice(
    "Memory in", options={"gb": "GB (10^9 bytes)", "gib": "GiB (2^30 bytes)"}, rare=True,
    help="Makers count in GB, drivers in MiB and GiB: 24 GiB are 25.8 GB.",
)  # fmt: skip
WEIGHT_BITS = Choice("Weights stored in", options=BITS, help="Bits of each weight in memory.")
KV_BITS = Choice("KV cache stored in", options=BITS, help="Bits of each cached key and value.")
N_GPUS = Quantity("GPUs", low=1, high=1_000_000, whole=True, help="GPUs that share the work.")
MFU = Quantity(
    "Model FLOPs utilization (MFU)", unit="share", low=0.05, high=0.9, step=0.01,
    help="Share of the GPU's peak rate that goes into the model's own FLOPs.",
)  # fmt: skip
USD_PER_GPU_HOUR = Quantity("Rent per GPU-hour", unit="USD", low=0.01, high=100, help="What one GPU is rented for.")
TRAIN_FLOPS = Quantity("Training compute", unit="FLOP", low=1e18, high=1e27, help="Floating-point operations of the whole training run.")
N_PARAMS = Quantity("Parameters", unit="parameters", low=1e7, high=3e12, help="Parameters of the model.")
N_PROMPTS = Quantity("Prompts", unit="prompts", low=10, high=5_000, whole=True, help="Prompts on which two models are compared.")
N_TOKENS = Quantity("Training tokens", unit="tokens", low=1e9, high=1e14, help="Tokens that the model is trained on.")
TOKENS_PER_PARAM = Quantity("Tokens per parameter", low=1, high=2_500, help="Training tokens divided by parameters.")
LORA_RANK = Quantity("LoRA rank", low=1, high=512, twos=True, whole=True, help="Rank of the low-rank update of each adapted matrix.")
LEVEL = Quantity("Confidence level", unit="share", low=0.5, high=0.99, step=0.01, help="Share of resamples that an interval covers.")
