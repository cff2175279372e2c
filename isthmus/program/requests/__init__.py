"""Many requests to one program: futures, and items that are joined into batches and split again."""
