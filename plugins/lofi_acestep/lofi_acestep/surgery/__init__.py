"""Change a network's graph, never its weights.

Whatever is changed here is written as a small file beside the model: its tensors point into the files the
weights lie in already. Nothing is copied, and no more than the graph is ever in memory.
"""
