;;; schedule-test.scm -- cron lines, hours of the day and windows
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog schedule)
             (sheepdog test)
             (ice-9 match))

(define (fields text)
  (match (parse-cron text)
    ((? string? problem) problem)
    (cron (list (cron-minutes cron) (cron-hours cron) (cron-days cron)
                (cron-months cron) (cron-weekdays cron)))))

(run-tests "schedule"
  (test-equal "five fields are read"
    '((0) (5) #f #f #f)
    (fields "0 5 * * *"))
  (test-equal "lists, ranges, steps and names are read"
    '((0 15 30 45) (8 10 12) (1 15) (1 12) (1 2 3 4 5))
    (fields "*/15 8-12/2 1,15 jan,dec mon-fri"))
  (test-equal "a step behind a number goes on to the end"
    '((5 25 45) #f #f #f #f)
    (fields "5/20 * * * *"))
  (test-equal "both ends of a crontab's week are Sunday"
    '((0) (0) #f #f (0))
    (fields "0 0 * * 0,7"))
  (test-equal "an hour that is none is told"
    "hour wants 0 to 23, got 25 in \"0 25 * * *\""
    (fields "0 25 * * *"))
  (test-equal "each field has its own limits"
    '("minute wants 0 to 59, got 60 in \"60 * * * *\""
      "day wants 1 to 31, got 0 in \"* * 0 * *\""
      "month wants 1 to 12, got juk in \"* * * juk *\""
      "weekday wants 0 to 7, got 8 in \"* * * * 8\"")
    (map fields '("60 * * * *" "* * 0 * *" "* * * juk *" "* * * * 8")))
  (test-equal "ranges rise, steps are numbers from 1 on"
    '("hour wants a range that rises, got 22-6 in \"0 22-6 * * *\""
      "minute wants a step from 1 on, got */0 in \"*/0 * * * *\""
      "minute wants a number as step, got */x in \"*/x * * * *\""
      "minute wants 0 to 59, got nothing in \", * * * *\""
      "minute wants 0 to 59, got 1-2-3 in \"1-2-3 * * * *\"")
    (map fields '("0 22-6 * * *" "*/0 * * * *" "*/x * * * *" ", * * * *" "1-2-3 * * * *")))
  (test-equal "five fields, no more and no less"
    '("cron wants five fields, got 4 in \"0 5 * *\"" "cron wants five fields, got 0 in \"\"")
    (map fields '("0 5 * *" "")))
  (test-equal "a day that never comes is told"
    '("there is never such a day in \"0 0 31 2,4 *\"" ((0) (0) (29) (2) #f))
    (map fields '("0 0 31 2,4 *" "0 0 29 2 *")))
  (test-equal "weekdays are named, ranges of them may go over Sunday"
    '((1 2 3 4 5) (6 0 1) (2) #f #f #f)
    (map parse-days '("mon-fri" "sat-mon" "Tue" "monday" "mon-tue-wed" "")))
  (test-equal "hours of the day"
    '(420 0 1439 1440 #f #f #f #f)
    (map parse-clock '("07:00" "00:00" "23:59" "24:00" "24:01" "7:00" "07:60" "noon")))
  (test-equal "a digest comes daily or weekly"
    '((#f . 420) (1 . 420) #f)
    (map parse-digest-time '("07:00" "Mon 07:00" "Mon")))
  (test-equal "a span may go over midnight, but is never empty"
    '((480 . 1080) (1320 . 360) (0 . 1440) #f #f)
    (map parse-span '("08:00-18:00" "22:00-06:00" "00:00-24:00" "08:00-08:00" "08:00"))))
