"""Bytes from a feed → text: encoding repair, markup to paragraphs, NFC. Runs before everything that has offsets."""
