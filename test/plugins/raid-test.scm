;;; raid-test.scm -- the monitor raid: from /proc/mdstat to a report an array
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(run-tests "raid"
  (with-temporary-directory (directory)
    (define file (string-append directory "/mdstat"))
    (define (arrays . lines)
      (write-tree! directory `(("mdstat" . ,(string-append
                                              "Personalities : [raid1] [raid6]\n"
                                              (string-join lines "\n")
                                              "\nunused devices: <none>\n")))))
    (define options `((mdstat . ,file)))

    (arrays "md0 : active raid1 sdb1[1] sda1[0]"
            "      1046528 blocks super 1.2 [2/2] [UU]"
            "      bitmap: 0/1 pages [0KB], 65536KB chunk"
            ""
            "md1 : active raid1 sdb2[1](F) sda2[0]"
            "      1046528 blocks super 1.2 [2/1] [U_]"
            ""
            "md2 : active raid5 sdc3[3] sdb3[1] sda3[0]"
            "      2093056 blocks level 5, 512k chunk, algorithm 2 [3/2] [UU_]"
            "      [==>..................]  recovery = 12.6% (132224/1046528) finish=0.3min"
            ""
            "md3 : inactive sdd1[0](S)"
            "      1046528 blocks super 1.2"
            ""
            "md4 : active raid0 sdd2[0] sde2[1]"
            "      1046528 blocks super 1.2 512k chunks")
    (test-equal "whole, degraded, rebuilt, stopped, and one that has no spare"
      '(("raid md0" ok "md0: active raid1 sdb1[1] sda1[0] [UU]"
         ((array . "md0") (status . "UU")))
        ("raid md1" fail "md1: active raid1 sdb2[1](F) sda2[0] [U_]"
         ((array . "md1") (status . "U_")))
        ("raid md2" warn "md2: active raid5 sdc3[3] sdb3[1] sda3[0] [UU_], rebuilt to 12.6 %"
         ((array . "md2") (status . "UU_") (rebuilt . 12.6)))
        ("raid md3" fail "md3: inactive sdd1[0](S)"
         ((array . "md3") (status . "inactive sdd1[0](S)")))
        ("raid md4" ok "md4: active raid0 sdd2[0] sde2[1]"
         ((array . "md4") (status . "active raid0 sdd2[0] sde2[1]"))))
      (sample-of "raid" options))
    (test-equal "arrays that were there and are not are missed; no array is none"
      '((ok fail warn fail ok) (fail fail fail fail fail) (fail ok fail fail fail))
      (states-of "raid" options
                 (const #t)
                 (lambda () (arrays))
                 (lambda () (arrays "md1 : active raid1 sdb2[1] sda2[0]" "      [2/2] [UU]"))))
    (test-equal "where there never was one, all is well" '((#f ok "no array here" ()))
      (begin
        (arrays)
        (sample-of "raid" options))))

  (test-equal "a kernel without arrays"
    '((#f unknown "cannot read /none/mdstat: No such file or directory" ()))
    (sample-of "raid" '((mdstat . "/none/mdstat"))))
  (test-equal "its disks are a fact" '((store ("raid" "tux01" "md0" "U_")))
    (received "raid" "raid md0" '((array . "md0") (status . "U_")))))
