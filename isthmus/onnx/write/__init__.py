"""Programs as ONNX models: what export and the gpu backend share."""
