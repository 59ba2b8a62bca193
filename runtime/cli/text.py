"""Text that is safe on a terminal: data never steers it."""


def printable(text: str) -> str:
    r"""Control characters, terminal escapes and invisible marks as escapes that can be read: `\x1b[31m`.

    What `str.isprintable` refuses goes: C0 and C1 controls, the marks that turn the direction
    of writing, odd spaces, lone surrogates. Letters of all scripts stay.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def one_line(text: str) -> str:
    """`printable`, with line breaks and runs of spaces as one space."""
    return printable(" ".join(text.split()))
