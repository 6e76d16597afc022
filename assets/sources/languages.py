"""Language codes: the three letters of libraries and the names in exports, read to the two letters users query.

What does not belong here: guessing the language of a text.
"""

from __future__ import annotations

#: ISO 639-1 <- ISO 639-2/B, ISO 639-2/T or a code that NLM has retired, and the English name.
_CODES = {
    "af": "afr afrikaans", "am": "amh amharic", "ar": "ara arabic", "az": "aze azerbaijani", "be": "bel belarusian",
    "bg": "bul bulgarian", "bn": "ben bengali", "bs": "bos bosnian", "ca": "cat catalan", "cs": "cze ces czech",
    "cy": "wel cym welsh", "da": "dan danish", "de": "ger deu german", "el": "gre ell greek", "en": "eng english",
    "eo": "epo esperanto", "es": "spa spanish", "et": "est estonian", "eu": "baq eus basque", "fa": "per fas persian",
    "fi": "fin finnish", "fr": "fre fra french", "ga": "gle irish", "gl": "glg galician", "gu": "guj gujarati",
    "he": "heb hebrew", "hi": "hin hindi", "hr": "hrv scr croatian", "hu": "hun hungarian", "hy": "arm hye armenian",
    "id": "ind indonesian", "is": "ice isl icelandic", "it": "ita italian", "ja": "jpn japanese",
    "ka": "geo kat georgian", "kk": "kaz kazakh", "km": "khm khmer", "kn": "kan kannada", "ko": "kor korean",
    "ky": "kir kyrgyz", "la": "lat latin", "lb": "ltz luxembourgish", "lo": "lao lao", "lt": "lit lithuanian",
    "lv": "lav latvian", "mk": "mac mkd macedonian", "ml": "mal malayalam", "mn": "mon mongolian", "mr": "mar marathi",
    "ms": "may msa malay", "mt": "mlt maltese", "my": "bur mya burmese", "nb": "nob", "ne": "nep nepali",
    "nl": "dut nld dutch", "nn": "nno", "no": "nor norwegian", "pl": "pol polish", "ps": "pus pashto",
    "pt": "por portuguese", "ro": "rum ron mol romanian", "ru": "rus russian", "si": "sin sinhala",
    "sk": "slo slk slovak", "sl": "slv slovenian", "so": "som somali", "sq": "alb sqi albanian",
    "sr": "srp scc serbian", "sv": "swe swedish", "sw": "swa swahili", "ta": "tam tamil", "te": "tel telugu",
    "th": "tha thai", "tl": "tgl tagalog", "tr": "tur turkish", "uk": "ukr ukrainian", "ur": "urd urdu",
    "uz": "uzb uzbek", "vi": "vie vietnamese", "zh": "chi zho chinese", "zu": "zul zulu",
}  # fmt: skip
_TWO_LETTERS = {spelling: code for code, spellings in _CODES.items() for spelling in (code, *spellings.split())}


def language_code(text: str | None) -> str | None:
    """ISO 639-1 where the language has one, else the code as given in lower case; None for what is no code.

    A region (``en-GB``, ``pt_BR``) is dropped.
    """
    spelling = (text or "").strip().lower().replace("_", "-").partition("-")[0]
    if spelling in _TWO_LETTERS:
        return _TWO_LETTERS[spelling]
    return spelling if len(spelling) == 3 and spelling.isascii() and spelling.isalpha() else None
