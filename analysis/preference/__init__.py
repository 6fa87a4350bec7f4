"""Preference tuning: DPO, reward models and policy gradients, and Llama 2's rounds."""
