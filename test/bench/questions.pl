% questions.pl -- the flagship and a closure in SWI-Prolog, which has all facts in memory.
% SPDX-License-Identifier: GPL-3.0-or-later
%
% Usage: swipl questions.pl flagship FACTS.pl RUNS       prints: median ms, answers, s to load, MiB
%        swipl questions.pl closure FACTS.pl RUNS        likewise
% The order of the flagship's goals is the best of those that were tried; another took 22 times as long.

:- initialization(main, main).
:- table depends_on/2.

now(1767225600000).
since(1764633600000).

flagship(Service, Host) :-
    package(Host, nginx, '1.22.1', P0, P1),
    ram(Host, Total, R0, R1), Total < 2048,
    interruption(Host, Service, I0, I1),
    service(Host, Service, S0, S1),
    since(A), now(B),
    max(P0, max(R0, max(S0, max(I0, A)))) < min(P1, min(R1, min(S1, min(I1, B)))).

% All that stands on To, directly or not.
depends_on(To, From) :- edge(From, To).
depends_on(To, From) :- depends_on(To, Other), edge(From, Other).

asked(flagship, Answers) :-
    findall(S-H, flagship(S, H), All), sort(All, Answers).
asked(closure, Answers) :-
    abolish_all_tables,
    findall(X, depends_on('n-000000', X), All), sort(All, Answers).

timed(Which, Ms, Count) :-
    get_time(T0),
    asked(Which, Answers),
    get_time(T1), Ms is (T1 - T0) * 1000, length(Answers, Count).

% What the process has in memory, as the kernel counts it.
memory(MiB) :-
    read_file_to_string('/proc/self/status', Status, []),
    sub_string(Status, At, _, _, "VmRSS:"), Behind is At + 6,
    sub_string(Status, Behind, 24, _, Text), split_string(Text, "k", " \t", [Number|_]),
    number_string(KiB, Number), MiB is KiB / 1024.

main([Which, Facts, Runs]) :-
    get_time(T0), load_files(Facts, [silent(true)]),
    get_time(T1), Load is T1 - T0,
    timed(Which, _, Count), timed(Which, _, _), timed(Which, _, _),
    atom_number(Runs, N),
    findall(Ms, (between(1, N, _), timed(Which, Ms, _)), All),
    msort(All, Sorted), Middle is N // 2, nth0(Middle, Sorted, Median),
    memory(MiB),
    format("~3f ~d ~1f ~0f~n", [Median, Count, Load, MiB]).
