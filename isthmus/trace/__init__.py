"""Arrays and operators that record what a program computes."""
