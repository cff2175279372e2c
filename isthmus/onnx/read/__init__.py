"""ONNX files as programs."""
