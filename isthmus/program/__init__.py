"""Who computes what: programs cut into segments, loaded, called, saved and exported."""
