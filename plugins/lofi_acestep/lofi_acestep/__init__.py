"""ACE-Step as a backend of lofi-core: long pieces in stereo on ONNX Runtime.

Source: Gong et al., ACE-Step: A Step Towards Music Generation Foundation Model, arXiv 2506.00045.
"""
