# SPDX-License-Identifier: MIT
#
# Reads "file:line:#include ..." and prints those that the table in check-includes.sh forbids.

BEGIN {
	folders = split("base boot frames heap maps spaces swap watch", order, " ")
	for (i = 1; i <= folders; i++)
		rank[order[i]] = i
	n = split("float.h iso646.h limits.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdnoreturn.h", f, " ")
	for (i = 1; i <= n; i++)
		freestanding[f[i]] = 1
}

function exists(path,   line, r) {
	if (!(path in seen)) {
		r = (getline line < path)
		close(path)
		seen[path] = r >= 0
	}
	return seen[path]
}

# a/b/../c -> a/c
function normal(path,   part, n, i, out, m) {
	n = split(path, part, "/")
	m = 0
	for (i = 1; i <= n; i++) {
		if (part[i] == "." || part[i] == "")
			continue
		if (part[i] == ".." && m > 0)
			m--
		else
			out[++m] = part[i]
	}
	path = out[1]
	for (i = 2; i <= m; i++)
		path = path "/" out[i]
	return path
}

# The file of this tree that the directive means, or "" for one from elsewhere.
function resolve(file, name, quoted,   dir) {
	dir = file
	sub("/[^/]*$", "", dir)
	if (quoted && exists(normal(dir "/" name)))
		return normal(dir "/" name)
	if (exists(normal("include/" name)))
		return normal("include/" name)
	# src is on the include path of src and tests only, so elsewhere a name is another file of the same port or app.
	if (exists(normal("src/" name)))
		return normal("src/" name)
	return ""
}

function folder_of(path,   part) {
	split(path, part, "/")
	return part[2]
}

function shared(path,   x) {
	x = folder_of(path)
	return path == "src/" x "/" x ".h"
}

function why_not(file, name, to,   me, it) {
	if (file ~ /^include\/quire\//) {
		if (to ~ /^include\/quire\// || name == "quire_port.h" || name in freestanding)
			return ""
		return "a public header may include freestanding C headers, include/quire and quire_port.h"
	}
	if (file ~ /^src\//) {
		if (to == "")
			return name in freestanding ? "" : "the core includes nothing from outside (no libc, no port)"
		if (to ~ /^include\/quire\//)
			return file ~ /^src\/maps\/formats\// && to !~ /\/(types|err|config|printk|pte|string|bits|bitmap|overflow)\.h$/ ? \
				"a format knows base/ and itself" : ""
		if (to !~ /^src\//)
			return "the core includes include/quire and src only"
		if (file ~ /^src\/maps\/formats\//)
			return to ~ /^src\/(base|maps\/formats)\// ? "" : "a format knows base/ and itself"
		if (file ~ /^src\/[^\/]*$/)
			return shared(to) || to ~ /^src\/[^\/]*$/ ? "" : "only a folder's shared header"
		me = folder_of(file)
		it = folder_of(to)
		if (it == me || it == "base")
			return ""
		if (!(it in rank) || !(me in rank))
			return "an unknown folder of src"
		if (rank[it] > rank[me])
			return it " comes after " me
		return shared(to) ? "" : "of " it " only its shared header " it "/" it ".h"
	}
	if (to !~ /^src\//)
		return ""
	if (file ~ /^tests\/unit\//) {
		split(file, me_part, "/")
		it = folder_of(to)
		if (it == me_part[3] || it == "base" || shared(to))
			return ""
		return "a unit test of " me_part[3] " may not look inside " it
	}
	if (file ~ /^tests\//)
		return ""
	return "outside src nobody includes src"
}

{
	if (match($0, /^[^:]*:[0-9]+:/) == 0)
		next
	where = substr($0, 1, RLENGTH)
	text = substr($0, RLENGTH + 1)
	file = where
	sub(/:.*/, "", file)
	quoted = text ~ /include[ \t]*"/
	name = text
	if (!sub(/^[^"<]*["<]/, "", name))
		next
	sub(/[">].*/, "", name)
	to = resolve(file, name, quoted)
	if (file !~ /^(src|include|tests)\// && to ~ /^src\// && name !~ /^(base|boot|frames|heap|maps|spaces|swap|watch)\// && name !~ /\.\./)
		next
	reason = why_not(file, name, to)
	if (reason != "") {
		print where " " name ": " reason
		bad = 1
	}
}

END { exit bad }
