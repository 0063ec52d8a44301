"""Signs of punctuation, of all scripts: what closes a sentence, separates a label, decorates a line."""

from __future__ import annotations

FULL_STOPS = ".।॥۔。።།"
SENTENCE_ENDS = FULL_STOPS + "!?…؟！？"
"""Signs that end a sentence."""

DENSE_ENDS = "。！？"
"""Those that no blank follows."""

NEVER_LAST = FULL_STOPS + ";；,،、"
"""Signs that no headline ends with."""

QUOTES_CLOSING = "\"'”’»」』›“"
QUOTES_OPENING = "\"'“‘«「『„‹"
BRACKETS_OPENING = "([{【（「"
BRACKETS_CLOSING = ")]}】）」"

ANNOUNCING = ":：|｜¦>»›→⇒➜➡►▶‣–—…·•*※⟶≫"
"""Signs between a label and its headline; a hyphen and two stops do as well."""

LABEL_ENDS = (":", " :", "|", " |", " -", ">", " >", "»", " »")
"""What follows a label of one word, in folded text; a hyphen only behind a blank (Live-fire drills)."""

DECORATION = (
    " \t\xa0-–—―*•·●○▪■□◆◇◾◼►▶▷➤➡→⇒»›>«‹<|｜¦#=_~+[](){}【】「」『』《》〈〉（）:：.…※★☆✅✔✓☑"
    "👉👇👆☞📌📍🔴🔵🔗📢📣🎥📺📷📸📰🗞📲📱🔥⚡⭐💡🎧🎙▼△▲▽\ufe0f\u200e\u200f\u200b\u200d\u2066\u2067\u2069\u202a\u202b\u202c"
)
"""Signs around a line's words that do not change what the line is: bullets, arrows, brackets, marks of direction."""


def is_dense(character: str) -> bool:
    """Say whether a character is of a script that puts no blanks between words."""
    return "\u0e00" <= character <= "\u0eff" or "\u1000" <= character <= "\u109f" or character >= "\u1780"
