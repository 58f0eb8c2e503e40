"""Make the five ONNX files from the official PyTorch checkpoint; needs the extra `export`."""
