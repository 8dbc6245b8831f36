;;; diary.scm -- the receiver of what the diary has for today
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors diary)
  #:use-module (sheepdog plugin)
  #:declarative? #f)

(define-monitor diary
  "Tell what people wrote into the diary, once."
  (fields
   (name string? "What the appointment is called: as the configuration does, or #ID.")
   (date string? "Its date, YYYY-MM-DD.")
   (text string? "What is to be remembered.")
   (key string? "What is told once: the name, this date, this reminder."))
  (receive (message)
    (if (and name date text key)
        `((notify ,(message-summary message) #:key ,key))
        '())))
