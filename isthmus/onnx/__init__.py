"""ONNX as a file format."""
