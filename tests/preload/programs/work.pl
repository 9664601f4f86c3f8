# SPDX-License-Identifier: MIT
# Perl at work: hashes of arrays, strings that grow, regular expressions.
use strict;
my %h;
for my $i (1 .. 60000) { $h{"key $i"} = [ $i, "x" x ($i % 50), { n => $i } ] }
my $s = "";
$s .= "$_," for sort keys %h;
my $n = () = $s =~ /key 1\d*5,/g;
delete @h{ map { "key $_" } grep { $_ % 2 } 1 .. 60000 };
print length($s), " $n ", scalar(keys %h), " ", unpack("%32C*", $s), "\n";
