"""A tournament judged by GPT-4 and by people, rated under every rule."""
