# SPDX-License-Identifier: MIT
"""A small python program: what a script does with dictionaries, strings, JSON and regular expressions."""
import json
import random
import re

random.seed(7)
words = ["".join(random.choices("abcdefghij", k=random.randint(3, 12))) for _ in range(60000)]
index = {}
for place, word in enumerate(words):
    index.setdefault(word, []).append(place)
text = json.dumps(index)
back = json.loads(text)
assert back == index
hits = sum(1 for word in words if re.search(r"a[bc]+d", word))
trees = [{"left": None, "right": None, "key": n} for n in range(200000)]
for n in range(1, len(trees)):
    parent = trees[(n - 1) // 2]
    parent["left" if n % 2 else "right"] = trees[n]
lines = "\n".join(sorted(words)).split("\n")
print(len(index), hits, len(trees), len(lines))
