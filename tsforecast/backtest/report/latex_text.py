"""Plain text as LaTeX that prints the same characters."""

import itertools
import re
import unicodedata

_ASCII = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\symbol{34}", "`": "{`}",
    "[": "{[}", "]": "{]}", "*": "{*}",  # after the end of a row these would be its options
}  # fmt: skip
_TEXT = {
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}",
    "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}", "‐": "-", "‑": "-", "–": r"\textendash{}", "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}", "’": r"\textquoteright{}", "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}",
    "…": r"\dots{}", "•": r"\textbullet{}", "§": r"\S{}", "¶": r"\P{}", "©": r"\copyright{}", "®": r"\textregistered{}",
    "™": r"\texttrademark{}", "£": r"\pounds{}", "€": r"\texteuro{}", "¡": r"\textexclamdown{}",
    "¿": r"\textquestiondown{}",
}  # fmt: skip
_MATH = {
    "±": r"\pm", "×": r"\times", "÷": r"\div", "·": r"\cdot", "−": "-", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq",
    "≈": r"\approx", "∞": r"\infty", "→": r"\rightarrow", "←": r"\leftarrow", "⇒": r"\Rightarrow", "√": r"\surd",
    "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum", "∈": r"\in", "¬": r"\neg", "°": r"^{\circ}", "′": r"^{\prime}",
    "µ": r"\mu", "ϵ": r"\epsilon", "ϕ": r"\phi", "ϑ": r"\vartheta",
}  # fmt: skip
_SMALL_GREEK = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau upsilon"
    " varphi chi psi omega"
)
_GREAT_GREEK = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
_MATH |= {chr(0x3B1 + k): name if name == "o" else f"\\{name}" for k, name in enumerate(_SMALL_GREEK.split())}
_MATH |= {letter: f"\\{name}" for letter, name in zip("ΓΔΘΛΞΠΣΥΦΨΩ", _GREAT_GREEK.split(), strict=True)}
_MATH |= dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧ", (rf"\mathrm{{{c}}}" for c in "ABEZHIKMNOPTX"), strict=True))
_MATH |= dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", (f"^{{{k}}}" for k in range(10)), strict=True))
_MATH |= dict(zip("₀₁₂₃₄₅₆₇₈₉", (f"_{{{k}}}" for k in range(10)), strict=True))
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0331": "b",
}  # fmt: skip


def escape(text: str) -> str:
    r"""The text as LaTeX, for any engine and font encoding.

    A character without a command, such as a Chinese one, stands as it is for XeLaTeX and LuaLaTeX, which need a font
    that has it; pdfLaTeX prints its code.

    Examples
    --------
    >>> print(escape("50% of C_1 & α"))
    50\% of C\_1 \& \ensuremath{\alpha}
    >>> print(escape("Müller"), escape("模"))
    M\"{u}ller \ifdefined\Uchar 模\else U+6A21\fi{}
    """
    normal = unicodedata.normalize("NFC", " ".join(text.split()))
    parts = [(_command(character), character) for character in normal]
    groups = itertools.groupby(parts, key=lambda part: part[0] is None)
    pieces = [
        _without_command("".join(c for _, c in group)) if unknown else "".join(found or "" for found, _ in group)
        for unknown, group in groups
    ]
    return re.sub(r"([-',])(?=\1)", r"\1{}", "".join(pieces))


def _command(character: str) -> str | None:
    """LaTeX for one character; None where there is none for all font encodings."""
    if character in _ASCII:
        return _ASCII[character]
    if character in _TEXT:
        return _TEXT[character]
    if character in _MATH:
        return rf"\ensuremath{{{_MATH[character]}}}"
    category = unicodedata.category(character)
    if category in ("Cc", "Cf"):  # control characters, marks of direction: nothing is seen of them
        return ""
    if character.isascii():
        return character
    apart = unicodedata.normalize("NFD", character)
    base, marks = apart[0], apart[1:]
    if marks in _ACCENTS and base.isascii():
        letter = {"i": r"\i", "j": r"\j"}.get(base, base)
        return rf"\{_ACCENTS[marks]}{{{letter}}}"
    return None


def _without_command(characters: str) -> str:
    codes = " ".join(f"U+{ord(character):04X}" for character in characters)
    if any(unicodedata.category(character) in ("Cs", "Co", "Cn") for character in characters):
        return codes  # no font has them, and half a surrogate pair is in no file
    return rf"\ifdefined\Uchar {characters}\else {codes}\fi{{}}"
