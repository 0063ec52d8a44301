"""The live view of ``geowire run``: what is counted, where it is read, how it is drawn."""
