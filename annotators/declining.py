"""Refusals, as models write them where an annotation should be."""

import re
from typing import Final

from annotators.claims import QUOTED

_CANNOT: Final = (
    r"(?:can\s?not|can't|am unable to|'m unable to|am not able to|'m not able to|won't|will not|"
    r"could not|couldn't)"
)
_DO: Final = (
    r"(?:help|assist|provide|fulfil|fulfill|answer|create|generate|write|engage|identify|comply|"
    r"determine|analy[sz]e|explain|discuss|continue|accommodate|satisfy|complete|offer|respond|make|"
    r"give|describe|process|view|see|hear|listen|recogni[sz]e|translate|do that|do this)"
)
_REFUSAL: Final = re.compile(
    rf"\bi(?:'m| am)? ?(?:\w+ly )?{_CANNOT}\b.{{0,20}}\b{_DO}\b"
    r"|\bi(?:'m| am) (?:very )?sorry\b.{0,60}\b(?:can|can't|cannot|unable|not)\b"
    r"|^\W*(?:sorry|i apologi[sz]e|apologies)\b.{0,80}\b(?:can|can't|cannot|unable|not)\b"
    r"|\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|(?:抱歉|对不起|很遗憾)[\uff0c,]?\s*(?:我|作为).{0,12}(?:无法|不能)"
    r"|我(?:无法|不能)(?:提供|回答|判断|确定|协助|描述|识别|翻译)"
    r"|作为(?:一个|一款)?(?:人工智能|ai|语言模型)",
    re.I,
)


def declines(text: str) -> bool:
    """Whether a text is a refusal. What it quotes somebody said, who may well decline."""
    return bool(_REFUSAL.search(unquoted(text)))


def unquoted(text: str) -> str:
    """With straight apostrophes, and empty quotes in the place of what is quoted."""
    return QUOTED.sub('""', text).replace("\u2019", "'")
