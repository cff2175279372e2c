"""An ONNX file as nodes and arrays, for runtimes that do not read such files."""
