;;; questions.scm -- the worked questions, each beside the best SQL for it that we know how to write
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The data are those of herd.cc.  CROSS JOIN keeps the order, INDEXED BY names the index, a + hides a
;; column from SQLite's planner, and spans meet by max() < min(): all that somebody can do by hand.

(use-modules (ice-9 match))

(define %now 1767225600000)                       ;2026-01-01T00:00:00Z, as in herd.hh
(define %open 9223372036854775807)
(define (days n) (- %now (* n 86400000)))

(define %rules
  '(((low-ram ?host) (ram ?host ?total) (< ?total "2GiB"))
    ((usual ?host ?tag (mean ?d)) (during (last "90d") (lasting ?d (run ?host ?tag _ 0))))
    ((reaches ?from ?to)
     (or (edge ?from ?to)
         (and (edge ?from ?other) (reaches ?other ?to))))))

(define %flagship
  '((?service ?host)
    (during (last "30d")
            (interruption ?host ?service)
            (service ?host ?service)
            (low-ram ?host)
            (package ?host "nginx" "1.22.1"))))

(define %flagship-written-out
  '((?service ?host)
    (during (last "30d")
            (interruption ?host ?service)
            (service ?host ?service)
            (ram ?host ?total) (< ?total "2GiB")
            (package ?host "nginx" "1.22.1"))))

;; (NAME QUERY SQL VALUE ...): the values are ?1 ?2 ... of SQL.
(define %questions
  `(("1 flagship" ,%flagship
     "SELECT DISTINCT i4.tag, p1.host
 FROM package p1 INDEXED BY package_1 CROSS JOIN ram r2 CROSS JOIN service s3 CROSS JOIN interruption i4
 WHERE p1.name = ?1 AND p1.version = ?2 AND p1.t1 > ?4
  AND r2.host = p1.host AND +r2.total < ?3
  AND s3.host = p1.host AND i4.host = p1.host AND i4.tag = s3.name
  AND max(p1.t0, r2.t0, s3.t0, i4.t0, ?4) < min(p1.t1, r2.t1, s3.t1, i4.t1, ?5) ORDER BY 1, 2"
     "nginx" "1.22.1" 2048 ,(days 30) ,%now)

    ("2 no good backup for two days"
     ((?host) (host ?host) (not (during (last "2d") (run ?host "borg-export" _ 0))))
     "SELECT name FROM host WHERE t1 = 9223372036854775807 AND name NOT IN
 (SELECT host FROM run_index INDEXED BY run_1
   WHERE tag = ?1 AND status = ?2 AND t1 > ?3 AND +t0 < ?4) ORDER BY 1"
     "borg-export" 0 ,(days 2) ,%now)

    ("4 what stands on what fails"
     ((?host ?tag ?on) (state ?on ?what "fail") (depends* ?host ?tag ?on ?what))
     "WITH RECURSIVE d(host, tag, on_host) AS (
 SELECT d.host, d.tag, s.host
  FROM state s INDEXED BY state_v CROSS JOIN depends d INDEXED BY depends_1
  WHERE s.state = ?1 AND s.t1 = 9223372036854775807
   AND d.on_host = s.host AND d.on_tag = s.tag AND d.t1 = 9223372036854775807
 UNION
 SELECT e.host, e.tag, d.on_host FROM d CROSS JOIN depends e INDEXED BY depends_1
  WHERE e.on_host = d.host AND e.on_tag = d.tag AND e.t1 = 9223372036854775807)
 SELECT DISTINCT host, tag, on_host FROM d ORDER BY 1, 2, 3"
     "fail")

    ("5 longest interruption in a day, and where"
     ((?service (max ?d) (argmax ?d ?host)) (order-by (desc 2))
      (during (last "1d") (service ?host ?service) (lasting ?d (interruption ?host ?service))))
     "SELECT i.tag, max(min(i.t1, ?2) - max(i.t0, ?1)), i.host
 FROM interruption i INDEXED BY interruption_1 CROSS JOIN service s
 WHERE i.t1 > ?1 AND s.host = i.host AND s.name = i.tag
  AND max(i.t0, s.t0, ?1) < min(i.t1, s.t1, ?2) GROUP BY i.tag ORDER BY 2 DESC, 1"
     ,(days 1) ,%now)

    ("5 likewise, in a month"
     ((?service (max ?d) (argmax ?d ?host)) (order-by (desc 2))
      (during (last "30d") (service ?host ?service) (lasting ?d (interruption ?host ?service))))
     "SELECT i.tag, max(min(i.t1, ?2) - max(i.t0, ?1)), i.host
 FROM service s CROSS JOIN interruption i
 WHERE s.host = i.host AND s.name = i.tag
  AND max(i.t0, s.t0, ?1) < min(i.t1, s.t1, ?2) GROUP BY i.tag ORDER BY 2 DESC, 1"
     ,(days 30) ,%now)

    ("6 who ran nginx 1.18.0 ten days ago"
     ((?host) (at (ago "10d") (package ?host "nginx" "1.18.0")))
     "SELECT DISTINCT host FROM package INDEXED BY package_1
 WHERE name = ?1 AND version = ?2 AND t1 > ?3 AND +t0 <= ?3 ORDER BY 1"
     "nginx" "1.18.0" ,(days 10))

    ;; By hand the few states are looked up one by one.
    ("7 what is not ok, and since when"
     ((?host ?tag ?state ?since) (span ?since _ (state ?host ?tag ?state)) (/= ?state "ok"))
     "WITH RECURSIVE v(s) AS (SELECT min(state) FROM state
 UNION ALL SELECT (SELECT min(state) FROM state WHERE state > v.s) FROM v WHERE v.s IS NOT NULL)
 SELECT host, tag, state, t0 FROM v CROSS JOIN state INDEXED BY state_v
 WHERE v.s <> ?1 AND state = v.s AND t1 = 9223372036854775807 ORDER BY 1, 2, 3, 4"
     "ok")

    ("8 subjects of silent machines"
     ((?host ?tag ?state ?since) (span ?since _ (silent ?host)) (state ?host ?tag ?state))
     "SELECT x.host, s.tag, s.state, x.t0 FROM silent x INDEXED BY silent_1 CROSS JOIN state s
 WHERE x.t1 = 9223372036854775807 AND s.host = x.host AND s.t1 = 9223372036854775807
 ORDER BY 1, 2, 3, 4")

    ("10 production with an old package"
     ((?host ?v) (label ?host "production") (package ?host "package-007" ?v) (< ?v "1.15"))
     "SELECT p.host, p.version FROM label l INDEXED BY label_1 CROSS JOIN package p
 WHERE l.name = ?1 AND +l.t1 = 9223372036854775807 AND p.host = l.host AND p.name = ?2
  AND p.t1 = 9223372036854775807 AND p.version < ?3 COLLATE VERSION ORDER BY 1, 2 COLLATE VERSION"
     "production" "package-007" "1.15")

    ("11 production known to lack a package"
     ((?host) (label ?host "production") (known-not (package ?host "package-009")))
     "SELECT DISTINCT l.host FROM label l INDEXED BY label_1
 WHERE l.name = ?1 AND +l.t1 = 9223372036854775807
  AND l.host NOT IN (SELECT host FROM package INDEXED BY package_1
   WHERE name = ?2 AND +t1 = 9223372036854775807)
  AND NOT EXISTS (SELECT 1 FROM silent x WHERE x.host = l.host AND x.t1 = 9223372036854775807)
  AND EXISTS (SELECT 1 FROM complete c
   WHERE c.host = l.host AND c.relation = 'package' AND c.t1 = 9223372036854775807) ORDER BY 1"
     "production" "package-009")

    ("12 runs twice as long as usual"
     ((?host ?tag ?d) (during (last "1d") (lasting ?d (run ?host ?tag _)))
      (usual ?host ?tag ?u) (> ?d (* 2 ?u)))
     "WITH u AS MATERIALIZED (
 SELECT host, tag, avg(min(t1, ?3) - max(t0, ?1)) AS usual FROM run_index
  WHERE status = ?4 AND t1 > ?1 AND t0 < ?3 GROUP BY host, tag)
 SELECT DISTINCT u.host, u.tag, min(r.t1, ?3) - max(r.t0, ?2) AS d FROM u CROSS JOIN run_index r
 WHERE r.host = u.host AND r.tag = u.tag AND r.t1 > ?2 AND r.t0 < ?3 AND d > 2 * u.usual
 ORDER BY 1, 2, 3"
     ,(days 90) ,(days 1) ,%now 0)

    ("failing now"
     ((?host ?tag) (state ?host ?tag "fail"))
     "SELECT host, tag FROM state INDEXED BY state_v
 WHERE state = ?1 AND t1 = 9223372036854775807 ORDER BY 1, 2"
     "fail")))
