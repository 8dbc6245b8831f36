;;; smart-test.scm -- the monitor smart: from the words of smartctl to a report a disk
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(define %scan "{\"devices\":[{\"name\":\"/dev/sda\"},{\"name\":\"/dev/nvme0\"},{\"name\":\"/dev/sdb\"},
 {\"name\":\"/dev/sdc\"}]}")
(define %sda "{\"model_name\":\"Spinner 4T\",\"smart_status\":{\"passed\":true},\"temperature\":{\"current\":57},
 \"ata_smart_attributes\":{\"table\":[{\"id\":5,\"raw\":{\"value\":3}},{\"id\":9,\"raw\":{\"value\":40000}},
 {\"id\":197,\"raw\":{\"value\":4}}]}}")
(define %nvme "{\"model_name\":\"Quick 1T\",\"smart_status\":{\"passed\":true},\"temperature\":{\"current\":40},
 \"nvme_smart_health_information_log\":{\"percentage_used\":96,\"media_errors\":0}}")
(define %sdb "{\"model_name\":\"Old 1T\",\"smart_status\":{\"passed\":false}}")
(define %sdc "{\"smartctl\":{\"messages\":[{\"string\":\"Smartctl open device: /dev/sdc failed: Permission denied\"}]}}")

(define (smartctl)
  `(run ,(string-append "case \"$*\" in *--scan*) echo '" %scan "' ;; *sda) echo '" %sda "' ;; "
                        "*nvme0) echo '" %nvme "' ;; *sdb) echo '" %sdb "'; exit 8 ;; "
                        "*) echo '" %sdc "'; exit 2 ;; esac")))

(run-tests "smart"
  (test-equal "lost sectors and heat, wear, the disk's own verdict, one that cannot be asked"
    '(("smart /dev/sda" warn "Spinner 4T: healthy, 7 lost sectors, 57 °C"
       ((device . "/dev/sda") (model . "Spinner 4T") (sectors . 7) (wear . 0) (degrees . 57)))
      ("smart /dev/nvme0" fail "Quick 1T: healthy, 0 lost sectors, 40 °C, worn 96 %"
       ((device . "/dev/nvme0") (model . "Quick 1T") (sectors . 0) (wear . 96) (degrees . 40)))
      ("smart /dev/sdb" fail "Old 1T: says that it FAILS, 0 lost sectors, 0 °C"
       ((device . "/dev/sdb") (model . "Old 1T") (sectors . 0) (wear . 0) (degrees . 0)))
      ("smart /dev/sdc" unknown
       "smartctl: Smartctl open device: /dev/sdc failed: Permission denied" ()))
    (with-programs `(("smartctl" . ,(smartctl))) (sample-of "smart")))
  (test-equal "one of them, by its own limits" '(ok)
    (with-programs `(("smartctl" . ,(smartctl)))
      (map cadr (sample-of "smart" '((device . "/dev/sda") (sectors-warn . 10) (hot-warn . 60))))))
  (test-equal "a machine without smartctl, without disks, with another smartctl"
    '((#f unknown "smartctl is not installed" ())
      (#f unknown "no disk * that smartctl knows" ())
      (#f unknown "smartctl: no answer" ()))
    (append (with-programs '() (sample-of "smart"))
            (with-programs '(("smartctl" . "{}")) (sample-of "smart"))
            (with-programs '(("smartctl" . (1 "{}" "moo"))) (sample-of "smart"))))
  (test-equal "its verdict is a fact"
    '((store ("disk-health" "tux01" "/dev/sda" "Spinner 4T" "warn")))
    (received "smart" "smart /dev/sda" '((device . "/dev/sda") (model . "Spinner 4T")) "warn")))
