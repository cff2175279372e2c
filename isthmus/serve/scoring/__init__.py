"""A file of inputs scored by many processes, part by part, so that an end at any moment loses none."""
