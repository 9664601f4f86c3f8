# SPDX-License-Identifier: MIT
# heap.gp - CPU time and peak RSS of every workload, relative to mimalloc, as bars.  gnuplot -e "in='...'; out='...'"
set terminal svg size 1100,760 font "sans,12" background rgb "white"
set output out
set datafile separator "\t"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.85 noborder
set boxwidth 0.9
set key top right horizontal
set xtics rotate by -40 nomirror
set ytics nomirror
set grid y
set multiplot layout 2,1
set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead dashtype 2
set yrange [0:2.5]
set title "CPU time, mimalloc = 1 (less is better)"
plot for [i=0:5] in using (column(2 + 2 * i)):xtic(1) title word("quire mimalloc glibc jemalloc tcmalloc tbb", i + 1)
set title "peak resident memory, mimalloc = 1 (less is better)"
plot for [i=0:5] in using (column(3 + 2 * i)):xtic(1) title word("quire mimalloc glibc jemalloc tcmalloc tbb", i + 1)
unset multiplot
