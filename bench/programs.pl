# SPDX-License-Identifier: MIT
# A small perl program: hashes of arrays of strings, joined, split and sorted.
use strict;
use warnings;

my %index;
my $seed = 7;
for my $n (1 .. 200000) {
	$seed = ($seed * 1103515245 + 12345) % 2147483648;
	push @{ $index{"key" . $seed % 30000} }, "value $n " x (1 + $seed % 5);
}
my @lines = map { $_ . ":" . join(",", @{ $index{$_} }) } sort keys %index;
my $length = 0;
for my $line (@lines) {
	my ($key, $rest) = split /:/, $line, 2;
	$length += scalar(split /,/, $rest);
	$line =~ s/value (\d+)/$1/g;
}
print scalar(@lines), " $length ", length(join("", @lines)), "\n";
