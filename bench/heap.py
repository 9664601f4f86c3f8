# SPDX-License-Identifier: MIT
"""heap.py OUT ROUNDS [WORKLOAD...] - every workload under every malloc, interleaved; called by bench-heap.sh.

Writes OUT/heap.tsv, one line per workload and malloc: median, least and most CPU seconds, peak RSS, RSS one second
after everything was freed (KiB; "-" where it makes no sense); prints the table and the bars.  CPU time and peak RSS of a
program are those of its whole process tree, as wait4(2) tells them.
"""
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

OUT, ROUNDS, ONLY = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]), set(sys.argv[3:])
HERE = pathlib.Path(__file__).resolve().parent
LIBS = "/usr/lib/x86_64-linux-gnu/"
QUIRE = str(HERE.parent / "build/release/libquire-malloc.so")
MALLOCS = {
    "quire": QUIRE,
    "mimalloc": LIBS + "libmimalloc.so.2",
    "glibc": "",
    "jemalloc": LIBS + "libjemalloc.so.2",
    "tcmalloc": LIBS + "libtcmalloc_minimal.so.4",
    "tbb": LIBS + "libtbbmalloc_proxy.so.2",
}
MICRO = ["pair-16", "pair-64", "pair-256", "pair-1024", "fifo-16", "fifo-64", "fifo-256", "fifo-1024", "remote",
         "pair-64k", "pair-1m", "grow"]
LIVES = ["larson", "mstress", "xmalloc", "thrash", "alloctest", "batches", "large", "threads", "numbers", "trees",
         "strings", "decline"]
PROGRAMS = ["python", "perl", "c++", "gcc", "sqlite", "git", "redis"]


def environment(malloc):
    env = dict(os.environ, LC_ALL="C", PYTHONHASHSEED="0")
    env.pop("LD_PRELOAD", None)
    if MALLOCS[malloc]:
        env["LD_PRELOAD"] = MALLOCS[malloc]
    return env


def run(argv, malloc, **more):
    """CPU seconds, peak KiB and what was printed."""
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(argv, env=environment(malloc), stdout=said, stderr=said, **more)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
    if child.returncode:
        sys.exit(f"heap.py: {argv[0]} under {malloc} ended with {child.returncode}: {text[-400:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss, text


def run_c(name, malloc, rest):
    _, _, text = run([str(OUT / "heap"), name] + (["rest"] if rest else []), malloc)
    _, ns, ops, peak, left = text.split("\t")
    return {"cpu": int(ns) / 1e9, "peak": int(peak), "rest": int(left) if rest else None, "ns": int(ns) / int(ops)}


def run_redis(malloc, where):
    """The server is what is measured; the client runs on glibc."""
    socket = f"{where}/redis.sock"
    server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", where,
                               "--loglevel", "warning"], env=environment(malloc), stdout=subprocess.DEVNULL)
    client = ["redis-cli", "-s", socket]
    while subprocess.run(client + ["ping"], capture_output=True, check=False).stdout != b"PONG\n":
        if server.poll() is not None:
            sys.exit(f"heap.py: redis-server under {malloc} ended with {server.returncode}")
    subprocess.run(["redis-benchmark", "-s", socket, "-q", "-n", "60000", "-r", "100000", "-d", "200", "-P", "16",
                    "-t", "set,get,lpush,lpop,sadd,hset"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(client + ["bgsave"], check=True, stdout=subprocess.DEVNULL)
    while b"rdb_bgsave_in_progress:1" in subprocess.run(client + ["info", "persistence"], capture_output=True,
                                                        check=True).stdout:
        pass
    subprocess.run(client + ["shutdown", "nosave"], check=False, capture_output=True)
    _, status, usage = os.wait4(server.pid, 0)
    server.returncode = os.waitstatus_to_exitcode(status)
    return {"cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss, "rest": None}


def run_program(name, malloc):
    where = tempfile.mkdtemp()
    commands = {
        "python": ["python3", str(HERE / "programs.py")],
        "perl": ["perl", str(HERE / "programs.pl")],
        "c++": [str(OUT / "programs-cc")],
        "gcc": ["gcc", "-O2", "-c", str(OUT / "large.c"), "-o", where + "/large.o"],
        "sqlite": ["sqlite3", ":memory:", "-init", str(OUT / "rows.sql"), ".quit"],
        "git": ["git", "-C", str(OUT / "repository.git"), "repack", "-adfq"],
    }
    try:
        if name == "redis":
            return run_redis(malloc, where)
        cpu, peak, _ = run(commands[name], malloc, cwd=where)
        return {"cpu": cpu, "peak": peak, "rest": None}
    finally:
        shutil.rmtree(where)


def measure():
    names = [n for n in MICRO + LIVES + PROGRAMS if not ONLY or n in ONLY]
    results = {(n, m): [] for n in names for m in MALLOCS}
    order = list(MALLOCS)
    for turn in range(ROUNDS):
        for name in names:
            order.append(order.pop(0))  # nobody is always the first, whom the caches do not know yet
            for malloc in order:
                results[name, malloc].append(run_program(name, malloc) if name in PROGRAMS else
                                             run_c(name, malloc, turn == 0 and name in LIVES + ["pair-16"]))
            print(f"round {turn + 1} of {ROUNDS}: {name}", file=sys.stderr)
    return names, results


def medians(runs):
    cpu = sorted(r["cpu"] for r in runs)
    rest = [r["rest"] for r in runs if r["rest"] is not None]
    return {"cpu": statistics.median(cpu), "least": cpu[0], "most": cpu[-1],
            "peak": statistics.median(r["peak"] for r in runs), "rest": rest[0] if rest else None,
            "ns": statistics.median(r["ns"] for r in runs) if "ns" in runs[0] else None}


def geomean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def table(names, got):
    print(f"{'':10}" + "".join(f"{m:>22}" for m in MALLOCS))
    print(f"{'':10}" + f"{'CPU s (ns)  peak MiB':>22}" * len(MALLOCS))
    for n in names:
        cells = []
        for m in MALLOCS:
            g = got[n, m]
            time = f"{g['ns']:.1f} ns" if n in MICRO else f"{g['cpu']:.2f}"
            cells.append(f"{time} {g['peak'] / 1024:8.1f}")
        print(f"{n:10}" + "".join(f"{c:>22}" for c in cells))


def bar(name, measured, limit):
    print(f"bar heap.{name} {measured:.3f} {limit} {'ok' if measured <= limit else 'short'}")


def ratio(got, n, what, other="mimalloc"):
    return got[n, "quire"][what] / got[n, other][what]


def bars(names, got):
    whole = [n for n in names if n not in MICRO]
    if whole:
        bar("cpu-geomean-mimalloc", geomean(ratio(got, n, "cpu") for n in whole), 0.95)
        bar("rss-geomean-mimalloc", geomean(ratio(got, n, "peak") for n in whole), 0.65)
        worst = max(whole, key=lambda n: ratio(got, n, "cpu"))
        print(f"worst CPU time: {worst}")
        bar("cpu-worst-mimalloc", ratio(got, worst, "cpu"), 1.15)
        left = [n for n in whole if got[n, "quire"]["rest"]]
        if left:
            bar("rest-geomean-mimalloc", geomean(ratio(got, n, "rest") for n in left), 0.5)
    for n in [n for n in MICRO if n in names]:
        fastest = min((m for m in MALLOCS if m != "quire"), key=lambda m: got[n, m]["cpu"])
        bar(f"{n}-fastest-peer", ratio(got, n, "cpu", fastest), 1.0)
    if "threads" in names and "pair-16" in names:
        bar("threads-left-mib", (got["threads", "quire"]["rest"] - got["pair-16", "quire"]["rest"]) / 1024, 1.0)


def write(names, got):
    with open(OUT / "heap.tsv", "w", encoding="utf-8") as f:
        f.write("# workload\tmalloc\tcpu\tleast\tmost\tpeak\trest\n")
        for n in names:
            for m in MALLOCS:
                g = got[n, m]
                f.write(f"{n}\t{m}\t{g['cpu']:.4f}\t{g['least']:.4f}\t{g['most']:.4f}\t{g['peak']:.0f}\t"
                        f"{g['rest'] or '-'}\n")
    with open(OUT / "heap-plot.tsv", "w", encoding="utf-8") as f:
        whole = [n for n in names if n not in MICRO]
        f.write("workload\t" + "\t".join(f"{m}-cpu\t{m}-peak" for m in MALLOCS) + "\n")
        for n in whole:
            f.write(n + "".join(f"\t{got[n, m]['cpu'] / got[n, 'mimalloc']['cpu']:.4f}"
                                f"\t{got[n, m]['peak'] / got[n, 'mimalloc']['peak']:.4f}" for m in MALLOCS) + "\n")


def main():
    for malloc, lib in list(MALLOCS.items()):
        if lib and not os.path.exists(lib):
            sys.exit(f"heap.py: {lib} ({malloc}) is missing: run scripts/setup.sh bench")
    names, results = measure()
    got = {key: medians(runs) for key, runs in results.items()}
    write(names, got)
    table(names, got)
    bars(names, got)


main()
