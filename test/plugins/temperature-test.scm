;;; temperature-test.scm -- the monitor temperature: from /sys to a report and a fact
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(run-tests "temperature"
  (with-temporary-directory (sys)
    (define options `((sys . ,sys)))
    (define (core-is millidegrees)
      (write-tree! sys `(("class/hwmon/hwmon0/temp2_input" . ,millidegrees))))

    (test-equal "a machine without sensors"
      '((#f unknown "no sensor of temperatures here" ()))
      (sample-of "temperature" options))
    (write-tree! sys '(("class/hwmon/hwmon0/name" . "coretemp\n")
                       ("class/hwmon/hwmon0/temp2_label" . "Core 0\n")
                       ("class/hwmon/hwmon0/fan1_input" . "1200\n")
                       ("class/hwmon/hwmon1/name" . "broken\n")
                       ("class/hwmon/hwmon1/temp1_input" . "-128000\n")
                       ("class/thermal/thermal_zone0/type" . "acpitz\n")
                       ("class/thermal/thermal_zone0/temp" . "40250\n")
                       ("class/thermal/cooling_device0/type" . "Fan\n")))
    (core-is "51500\n")
    (test-equal "each sensor that can be believed"
      '((#f ok "coretemp Core 0 has 51.5 °C"
            ((hottest . 51.5) (sensors (#{coretemp Core 0}# . 51.5) (acpitz . 40.2)))))
      (sample-of "temperature" options))
    (test-equal "those that are meant"
      '((#f ok "acpitz has 40.2 °C" ((hottest . 40.2) (sensors (acpitz . 40.2)))))
      (sample-of "temperature" `((sensor . "acpi*") ,@options)))
    (test-equal "hot, hotter, not cool enough, cool" '((warn) (fail) (fail) (warn) (ok))
      (states-of "temperature" options
                 (lambda () (core-is "81000"))
                 (lambda () (core-is "96000"))
                 (lambda () (core-is "94000"))
                 (lambda () (core-is "79000"))
                 (lambda () (core-is "76000")))))

  (test-equal "a coarse fact" '((store ("temperature" "tux01" 50)))
    (received "temperature" "temperature" '((hottest . 51.5)))))
