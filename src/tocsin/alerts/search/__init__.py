"""Finding one alert among millions by a label or a word: exactly, whether it is indexed yet or not.

Old alerts stand in segments of a few thousand, each with postings (which term, which alerts) in buckets by the term's
hash; what no segment covers is read through, and what changed since is looked at one by one.
"""

from tocsin.alerts.search.words import Sought, labels_and_words, sought

__all__ = ["Sought", "labels_and_words", "sought"]
