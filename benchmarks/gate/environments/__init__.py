"""Two sets of runtimes under one Isthmus: which are meant, how they are made, what is in them."""
