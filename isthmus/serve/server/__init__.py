"""A program behind HTTP: the Open Inference Protocol on Ray Serve, in batches of like lengths.

settings -> served (a program and its tensors) -> versions (which one answers) -> batcher (who is
computed with whom) -> service (what each request is answered) -> deployment (Ray Serve's) -> host.
"""
