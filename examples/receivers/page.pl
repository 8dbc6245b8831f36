#!/usr/bin/perl
# page.pl -- a notifier in Perl: appends one line a subject to a file
# SPDX-License-Identifier: GPL-3.0-or-later
#
# In the server's configuration:
#   (notify (to (exec "/usr/local/lib/sheepdog/page.pl" "/var/log/pages")))
# The notification comes as JSON on standard input; it may tell of several subjects, its `news'. Exit status
# 0: told; else it is tried again.
use strict;
use warnings;
use JSON::PP;

my $file = shift or die "usage: page.pl FILE\n";
my $notification = decode_json(do { local $/; <STDIN> });
open(my $out, '>>:encoding(UTF-8)', $file) or die "$file: $!\n";
for my $news (@{$notification->{news}}) {
  print $out join(' ', map { $news->{$_} // '-' } qw(kind host tag state)), "\n";
}
close($out) or die "$file: $!\n";
