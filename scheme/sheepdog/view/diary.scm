;;; diary.scm -- what the diary has, for people and programs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view diary)
  #:use-module (sheepdog calendar)
  #:use-module (sheepdog config)
  #:use-module (sheepdog diary)
  #:use-module (sheepdog entries)
  #:use-module (sheepdog quantity)
  #:use-module ((sheepdog route) #:select (destination->text))
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view org)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (diary-objects
            diary-lines
            diary-org))

(define (appointment-object appointment now more)
  (let ((next (next-moment appointment now)))
    `((name . ,(appointment-name appointment))
      (text . ,(appointment-text appointment))
      (next . ,(instant (and next (moment-at next))))
      (date . ,(instant (and next (moment-date next))))
      (cron . ,(absent (and=> (appointment-cron appointment) cron-text)))
      (remind . ,(list->vector (map seconds (appointment-remind appointment))))
      (to . ,(list->vector (map destination->text (appointment-to appointment))))
      ,@more)))

(define (diary-objects entered entries now)
  "Return the appointments ENTERED by hand and the ENTRIES of the configuration that are still to
come at NOW, as objects of a document."
  (define (to-come? object)
    (instant? (assq-ref object 'next)))
  (filter to-come?
          (append (map (lambda (entered)
                         (appointment-object (entered-appointment entered) now
                                             `((who . ,(entered-who entered))
                                               (entered . ,(instant (entered-at entered))))))
                       entered)
                  (map (lambda (entry)
                         (appointment-object (entry->appointment entry) now
                                             `((place . ,(entry-place entry)))))
                       entries))))

(define (cron-words object)
  (match (assq-ref object 'cron)
    ((? string? cron) (string-append "(" cron ")"))
    (_ "")))

(define (more-words object)
  "Return when OBJECT is told besides, and to whom, where it says."
  (define (words before items after)
    (if (null? items) '() (list (string-append before (enumeration items "and") after))))
  (string-join
   (append (words "" (map (lambda (s) (ahead-words (* 1000 s)))
                          (vector->list (assq-ref object 'remind)))
                  " before, too")
           (words "to " (map printable (vector->list (assq-ref object 'to))) ""))
   "; "))

(define (origin object now)
  (or (assq-ref object 'place)
      (string-append (printable (assq-ref object 'who)) ", "
                     (time->words (instant-ms (assq-ref object 'entered)) now))))

(define* (diary-lines objects now #:key (wide? #f))
  "Return a line for each of OBJECTS, of `diary-objects': name, next date, cron line, text, what else
is told, whose it is."
  (columns->lines (map (lambda (object)
                         (list (printable (assq-ref object 'name))
                               (time->words (instant-ms (assq-ref object 'date)) now)
                               (cron-words object)
                               (printable (assq-ref object 'text))
                               (more-words object)
                               (origin object now)))
                       objects)
                  #:shrink '(5 3 4) #:room (if wide? 1000000 (- %columns 1))))

(define (diary-org objects)
  "Return the lines of an Org table of OBJECTS, of `diary-objects'."
  (org-table '(name date cron remind to text who place) objects))
