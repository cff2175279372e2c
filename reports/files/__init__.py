"""Result files of ours and of other tools, read and checked."""
