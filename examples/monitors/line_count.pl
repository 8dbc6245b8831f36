#!/usr/bin/env perl
# line_count.pl -- a monitor in Perl: how many lines of a file match, as an exit status and a line
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: line_count.pl FILE REGEX WARN FAIL
# In a configuration: (watch bounces (command "/usr/local/lib/sheepdog/line_count.pl" "/var/log/mail.log" "bounced" "5" "50"))
use strict;
use warnings;

my ($file, $regex, $warn, $fail) = @ARGV;
if (!open(my $lines, '<', $file)) {
    print "UNKNOWN - $file: $!\n";
    exit 3;
} else {
    my $count = grep { /$regex/ } <$lines>;
    my $status = $count >= $fail ? 2 : $count >= $warn ? 1 : 0;
    printf "%s - %d lines match | lines=%d;%d;%d;0\n", ('OK', 'WARNING', 'CRITICAL')[$status], $count, $count, $warn, $fail;
    exit $status;
}
