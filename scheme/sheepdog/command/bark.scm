;;; bark.scm -- `sheepdog bark': say something, from a script or another program
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command bark)
  #:use-module (sheepdog command deliver)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog message)
  #:use-module (sheepdog outcome)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 format)
  #:use-module (ice-9 iconv)
  #:use-module (ice-9 match)
  #:use-module (ice-9 rdelim)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax
            parse-field
            parse-fact
            bark-message
            complete-message
            bark-lines
            stdin-outcome))

(define (parse-state text)
  (and (member text '("ok" "warn" "fail" "unknown")) (string->symbol text)))

(define (checked-duration text)
  (and (parse-duration text) text))

(define (plain-value text)
  "TEXT as a number when it reads wholly as one, true or false as such."
  (cond ((string=? text "true") #t)
        ((string=? text "false") #f)
        ((and (<= (string-length text) 32)
              (string-every (char-set-adjoin char-set:digit #\- #\. #\e #\E #\+) text)
              (string-any char-set:digit text)
              (string->number text))
         => (lambda (n) (if (and (exact? n) (not (integer? n))) text n)))
        (else text)))

(define (parse-field text)
  "The field of TEXT, KEY=VALUE, as a pair of symbol and value; #f when it is none."
  (match (string-index text #\=)
    ((or #f 0) #f)
    (end (cons (string->symbol (string-take text end))
               (plain-value (string-drop text (+ end 1)))))))

(define (words text)
  "TEXT at its blanks; what stands in double quotes is one word, and always text.
#f when a quote is never closed.  Words are pairs (TEXT . QUOTED?)."
  (let loop ((chars (string->list text)) (word #f) (quoted? #f) (found '()))
    (define (ended) (if word (cons (cons (list->string (reverse word)) quoted?) found) found))
    (match chars
      (() (reverse (ended)))
      ((#\" . rest)
       (let ((end (list-index (lambda (c) (char=? c #\")) rest)))
         (and end
              (loop (drop rest (+ end 1))
                    (append-reverse (take rest end) (or word '()))
                    #t found))))
      ((c . rest)
       (if (char-whitespace? c)
           (loop rest #f #f (ended))
           (loop rest (cons c (or word '())) quoted? found))))))

(define (parse-fact text)
  "The fact of TEXT, such as `package nginx 1.22.1' or `level \"disk /\" 91', as a list;
#f when it is none.  What reads as a number is one, unless quoted, or written as no number is printed:
a version may be 5.20."
  (match (words text)
    ((and (_ _ ...) ((relation . _) . arguments))
     (cons relation
           (map (match-lambda
                  ((text . #t) text)
                  ((text . #f)
                   (match (plain-value text)
                     ((? number? n) (if (string=? text (number->string n)) n text))
                     (value value))))
                arguments)))
    (_ #f)))

(define %syntax
  (action-syntax
   "bark" "[KEY=VALUE...]"
   "Send a message. Each KEY=VALUE becomes one of its fields."
   (list (option "tag" "The thing that it is about, on this host." #:short #\t
                 #:argument "TAG")
         (option "monitor" "Whose receiver gets it." #:short #\m #:argument "NAME")
         (option "state" "ok, warn, fail or unknown." #:short #\s #:argument "STATE"
                 #:convert parse-state #:wants "ok, warn, fail or unknown")
         (option "summary" "One line for people." #:short #\S #:argument "LINE")
         (option "fact" "A fact about this host; may be repeated." #:many? #t
                 #:argument "\"REL ARG...\"" #:convert parse-fact
                 #:wants "a relation and its arguments")
         (option "replaces" "The facts are all there is of the relation REL now."
                 #:many? #t #:argument "REL")
         (option "every" "Declare that one is expected so often, as 15m."
                 #:argument "DURATION" #:convert checked-duration
                 #:wants "a duration such as \"15m\"")
         (option "stdin" "Standard input is the output to be kept with it.")
         (option "json" "Standard input has the messages, JSON, one a line."))
   #:most #f
   #:notes '("Example: df -P | sheepdog bark -t \"disk /x\" -s warn -S \"91 %\" --stdin used=91")))

;;; One message from the options

(define %most-input (* 256 1024))                ;bytes: what a message can hold at all

(define (stdin-outcome bytes length)
  "The outcome whose output is BYTES, the first of LENGTH bytes."
  (match (%repair bytes)
    ((text . lossy?)
     `((stdout . ,text)
       (stdout_bytes . ,length)
       ,@(if lossy? '((lossy . #t)) '())
       ,@(if (< (bytevector-length bytes) length) '((cut . #t)) '())))))

(define (read-input port)
  "Read PORT to its end; return the outcome that it is."
  (let ((kept (get-bytevector-n port %most-input)))
    (if (eof-object? kept)
        (stdin-outcome #vu8() 0)
        (let count ((length (bytevector-length kept)))
          (match (get-bytevector-n port 65536)
            ((? eof-object?) (stdin-outcome kept length))
            (more (count (+ length (bytevector-length more)))))))))

(define (field word)
  (or (parse-field word)
      (raise-error 'usage (format #f "'bark' wants KEY=VALUE, got ~s" (printable word))
                   "a text with blanks wants quotes")))

(define* (bark-message words options #:key host tag (mailto '()) outcome now)
  "Return the message, an alist for the spool, that WORDS and OPTIONS ask for on HOST
at NOW.  TAG (or #f) is used without one, MAILTO are addresses, OUTCOME (or #f) is what
came on standard input."
  (let ((monitor (option-ref options 'monitor))
        (tag (or (option-ref options 'tag) tag)))
    (unless (or tag monitor)
      (raise-error 'usage "'bark' wants a tag" "such as: sheepdog bark -t \"disk /\" -s ok"))
    (make-bark #:host host #:monitor monitor #:tag tag
               #:state (option-ref options 'state)
               #:summary (option-ref options 'summary)
               #:outcome outcome
               #:fields (map field words)
               #:facts (option-ref options 'fact)
               #:replaces (option-ref options 'replaces)
               #:every (option-ref options 'every)
               #:mailto mailto
               #:time now)))

(define (bark-one words options place)
  (let* ((now (%now))
         (message (bark-message words options
                                #:host (place-ref place 'name)
                                #:tag (place-ref place 'tag)
                                #:mailto (delete "" (place-ref place 'mailto))
                                #:outcome (and (option-ref options 'stdin)
                                               (read-input (current-input-port)))
                                #:now now)))
    (list ((keep! place) (check-message message now)))))

;;; Messages from standard input

(define (complete-message datum host now)
  "Return DATUM, a message as it was read, with HOST and the time NOW where it says
neither; raise `bad-message' when it is none."
  (unless (or (null? datum) (and (pair? datum) (pair? (car datum))))
    (raise-error 'bad-message "a message is an object"))
  (check-message
   (append datum
           (if (assq 'host datum) '() `((host . ,host)))
           (if (assq 'time datum) '() `((time . ,(milliseconds->json now)))))
   now))

(define (bark-line put! line number host)
  "Spool LINE, the one of that NUMBER, with PUT!; return its id, or #f after a complaint
that it is no message."
  (with-error-handler
   (lambda (code text hint)
     (unless (eq? code 'bad-message)
       (raise-error code text (or hint "")))
     (%complain (format #f "line ~a: ~a" number text) hint 'error)
     #f)
   (lambda ()
     (put! (complete-message (car (%json-read (string->bytevector line "ISO-8859-1")))
                             host (%now))))))

(define %most-pending 500)                       ;messages: a spool is slow with many files

(define (bark-lines put! host port deliver)
  "Spool the messages on PORT, one a line, with PUT!, and call DELIVER with the ids of
those that were, again and again: whenever the input pauses or there are many.  Return
how many lines were no message."
  (set-port-encoding! port "ISO-8859-1")         ;bytes, whatever they are
  (let loop ((number 1) (ids '()) (bad 0))
    (if (and (pair? ids)
             (or (>= (length ids) %most-pending) (not (char-ready? port))))
        (begin
          (deliver (reverse ids))
          (loop number '() bad))
        (let ((line (read-line port)))
          (cond ((eof-object? line)
                 (when (pair? ids)
                   (deliver (reverse ids)))
                 bad)
                ((string-null? (string-trim-both line))
                 (loop (+ number 1) ids bad))
                ((bark-line put! line number host)
                 => (lambda (id) (loop (+ number 1) (cons id ids) bad)))
                (else (loop (+ number 1) ids (+ bad 1))))))))

(define (check-json-alone words options)
  (let ((other (find (lambda (name)
                       (let ((value (option-ref options name)))
                         (and value (not (null? value)))))
                     '(tag monitor state summary fact replaces every stdin))))
    (when (or other (pair? words))
      (raise-error 'usage
                   (format #f "'--json' of 'bark' goes without ~a"
                           (if other (format #f "'--~a'" other) "KEY=VALUE"))
                   "the messages say it themselves"))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (let ((place (place common)))
       (cond ((option-ref options 'json)
              (check-json-alone words options)
              (if (zero? (bark-lines (keep! place) (place-ref place 'name)
                                     (current-input-port)
                                     (lambda (ids) (deliver! place ids common))))
                  0
                  2))
             (else
              (deliver! place (bark-one words options place) common)))))))
