# SPDX-License-Identifier: MIT
#
# Adds up TAP lines from ctest's LastTest.log and from plain runs: prints "passed failed skipped".
#
# A ctest program without TAP counts as one; one that failed without a "not ok" line (it crashed, or ran out of
# time) counts as one failure more.

function close_program() {
	if (program == "")
		return
	if (missing) {
		failed++
		print "not ok - " program " (was not built)" > "/dev/stderr"
	} else if (verdict == "Passed" && cases == 0)
		passed++
	else if (verdict == "Failed" && wrong == 0) {
		failed++
		print "not ok - " program " (crashed, hung or said nothing)" > "/dev/stderr"
	}
	program = ""
	missing = 0
}

/^Unable to find executable/ { close_program(); absent = 1 }
/^[0-9]+\/[0-9]+ Testing: / { close_program(); program = $3; missing = absent; absent = 0; verdict = ""; cases = wrong = 0; next }
/^(ok|not ok)( |$)/ {
	cases++
	if ($0 ~ /# *SKIP/)
		skipped++
	else if ($0 ~ /^ok/)
		passed++
	else {
		failed++
		wrong++
		print (program == "" ? "" : program ": ") $0 > "/dev/stderr"
	}
	next
}
/^Test Passed\./ { verdict = "Passed" }
/^Test Failed\./ || /^Test timeout/ { verdict = "Failed" }
END { close_program(); printf "%d %d %d\n", passed, failed, skipped }
