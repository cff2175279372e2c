"""A file scored by many processes, part by part: after an end at any moment it goes on."""
