"""Build ONNX graphs from a checkpoint: no exporter, no PyTorch."""
