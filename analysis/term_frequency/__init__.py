"""Term frequency: are frequent numbers calculated with better, and is it their frequency?"""
