"""The console: pages for people, on the port of everything else.

Pages are rendered here and call the actions of `control` as the other doors do, so that no rule is
written twice.
"""
