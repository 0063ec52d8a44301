"""Figures of the polling: a simulation with a virtual clock (``simulate``), and the poller under load (``load``)."""
