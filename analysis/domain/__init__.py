"""Domain pretraining: from scratch, continued, or fine-tuned."""
