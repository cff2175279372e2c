"""Formulas written with simple operators, recognised and given to a runtime's own kernels.

A formula is an ordinary function of `np` and `npx`, traced once (`spellings`); a graph is searched
for it (`matching`) through views that make one of what is written in several ways (`views`).
"""
