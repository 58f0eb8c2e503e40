"""Other forms of the weights, made tensor by tensor: no more than one of them is in memory.

The graph that is made points into the source's files for every tensor it leaves as it was.
"""
