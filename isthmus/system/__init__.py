"""What this machine has and allows: processors, cgroups, memory, NVIDIA; a reader each."""
