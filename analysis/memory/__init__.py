"""Memory of fine-tuning: full, LoRA and QLoRA."""

from analysis.memory.finetuning import FinetuningMemory, finetuning_memory

__all__ = ["FinetuningMemory", "finetuning_memory"]
