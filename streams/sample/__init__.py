"""The sample newsroom: invented outlets with invented stories, served over real HTTP on loopback."""
