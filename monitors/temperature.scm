;;; temperature.scm -- how hot the machine is, by its own sensors
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors temperature)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor temperature
  "Bark when one of the machine's sensors is hotter than it should be."
  (options
   (warn limit? 80 "Warn above this, in degrees Celsius.")
   (fail limit? 95 "Fail above this.")
   (slack number? 3 "Leave a state only when cooler by so much.")
   (sensor string? "*" "Which sensors, by name, as \"coretemp*\"; with shell wildcards.")
   (sys string? "/sys" "Where the kernel tells of devices."))
  (fields
   (hottest number? "The hottest, in degrees Celsius.")
   (sensors list? "The degrees of each sensor."))
  (every "2m")
  (sample
   (match (filter (match-lambda ((name . _) (glob? sensor name)))
                  (append (hwmon-sensors (string-append sys "/class/hwmon"))
                          (thermal-zones (string-append sys "/class/thermal"))))
     (() (cannot-watch "no sensor of temperatures here"))
     ((and sensors ((names . degrees) ...))
      (let ((hottest (apply max degrees)))
        (report #:state (apply worst
                               (map (lambda (name degrees)
                                      (grade degrees warn fail #:slack slack #:as name))
                                    names degrees))
                #:summary (string-append (list-ref names (list-index
                                                          (lambda (d) (= d hottest)) degrees))
                                         " has " (number->string hottest) " °C")
                #:fields `((hottest . ,hottest)
                           (sensors . ,(map (match-lambda
                                              ((name . degrees)
                                               (cons (string->symbol name) degrees)))
                                            sensors))))))))
  (receive (message)
    (if hottest
        `((store (temperature ,(message-host message) ,(round-to 5 hottest))))
        '())))

(define (hwmon-sensors directory)
  "Return (NAME . DEGREES) for each sensor in DIRECTORY (Documentation/hwmon/sysfs-interface)."
  (append-map
   (lambda (chip)
     (let ((chip (string-append directory "/" chip "/")))
       (filter-map
        (lambda (file)
          (let ((stem (string-append chip (string-drop-right file 6))))
            (sensor (word (string-append chip "name"))
                    (word (string-append stem "_label"))
                    (word (string-append chip file)))))
        (filter (lambda (file) (glob? "temp*_input" file)) (file-names chip)))))
   (file-names directory)))

(define (thermal-zones directory)
  "Likewise for the zones of DIRECTORY (Documentation/driver-api/thermal/sysfs-api)."
  (filter-map (lambda (zone)
                (let ((zone (string-append directory "/" zone "/")))
                  (sensor (word (string-append zone "type")) #f
                          (word (string-append zone "temp")))))
              (filter (lambda (zone) (glob? "thermal_zone*" zone)) (file-names directory))))

(define (sensor chip label millidegrees)
  "Return (NAME . DEGREES), or #f for a sensor that is broken or not connected."
  (let ((value (and millidegrees (string->number millidegrees))))
    (and value
         (< -60000 value 250000)
         (cons (string-append (or chip "sensor") (if label (string-append " " label) ""))
               (round-to 0.1 (/ value 1000))))))

(define (word file)
  "Return the text of FILE without blanks around it, or #f when it cannot be read."
  (catch 'sheepdog-error
    (lambda () (string-trim-both (file-text file)))
    (const #f)))
