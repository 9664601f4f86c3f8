# SPDX-License-Identifier: MIT
# Python at work: dictionaries, strings, JSON, threads, a subprocess.  Prints sums, the same every time.
import collections
import json
import re
import subprocess
import threading
import zlib

counts = collections.Counter()
rows = []
for i in range(60000):
    counts[str(i % 5000)] += 1
    rows.append((i, "row %d" % (i * 7919 % 10007)))
text = json.dumps(rows)
print(len(text), zlib.crc32(text.encode()), counts.most_common(1))
print(len(re.findall(r"row 1\d+", text)), json.loads(text)[-1])

found = []
lock = threading.Lock()


def collect(start):
    mine = [bytes([start % 256]) * n for n in range(2000)]
    with lock:
        found.append(sum(map(len, mine)))


threads = [threading.Thread(target=collect, args=(n,)) for n in range(40)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sum(found), subprocess.run(["echo", "a child"], capture_output=True, check=True).stdout)
