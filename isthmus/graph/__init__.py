"""The neutral graph: sizes, types, nodes, bodies, type rules, and the interpreter."""
