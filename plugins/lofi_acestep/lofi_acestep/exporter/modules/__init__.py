"""The networks of ACE-Step v1 in PyTorch, with the official parameter names, written to be traced.

B batch rows, T latent frames, S text tokens, L lyric tokens, E = 1+S+L context tokens, H heads, d head size,
D = H*d, F hidden width of a feed-forward. All float32.
"""
