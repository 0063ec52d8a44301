"""Chaos: geowire as a supervisor runs it, while everything around it fails at random; then the books must balance.

``make chaos`` runs it for minutes, ``tests/integration/test_chaos.py`` for seconds. docs/reliability.md has the report.
"""
