;;; view.scm -- how things look on a terminal: states, colour, columns, sparklines
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view)
  #:use-module (sheepdog core)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (%color?
            with-color
            %columns
            state-word
            state-mark
            styled
            cell-text
            paint
            columns->lines
            rows->wrapped-lines
            labelled-lines
            sparkline
            ordinal
            print-lines))

(define %color? (make-parameter #f))             ;whether `paint' paints
(define %columns 80)                             ;of a line of text

(define (wanted-color? common)
  (match (assq-ref common 'color)
    ('always #t)
    ('never #f)
    (_ (and (not (getenv "NO_COLOR"))
            (not (getenv "INSIDE_EMACS"))
            (%terminal? 1)))))

(define (with-color common thunk)
  "Call THUNK with colour on as COMMON, the options of every action, wants it:
`auto' is on where the answer goes to a terminal and nothing speaks against it."
  (parameterize ((%color? (wanted-color? common)))
    (thunk)))

;;; States

(define %states                                  ;state, word, mark, SGR code (ECMA-48)
  '((ok "ok" "+" "32")
    (warn "warn" "^" "33")
    (fail "FAIL" "!" "1;31")
    (late "LATE" "-" "1;35")
    (unknown "unknown" "?" "36")))

(define (state-word state)
  "STATE, a symbol, as people read it: the bad ones in capitals.  No state: \"\"."
  (match (assq state %states)
    ((_ word . _) word)
    (#f "")))

(define (state-mark state)
  "The one character that STATE, a symbol, has at the left margin."
  (match (assq state %states)
    ((_ _ mark . _) mark)
    (#f " ")))

(define (style-code style)
  (match style
    ('faint "2")
    ('bold "1")
    (_ (match (assq style %states)
         ((_ _ _ code) code)
         (#f #f)))))

(define (paint style text)
  "TEXT in the colour of STYLE, a state or `faint' or `bold', where colour is on."
  (let ((code (and (%color?) (style-code style))))
    (if (and code (not (string-null? text)))
        (string-append "\x1b[" code "m" text "\x1b[0m")
        text)))

;;; Cells and columns

(define-record-type <styled>
  (styled style text)
  styled?
  (style styled-style)                           ;as for `paint'
  (text styled-text))

(define (cell-text cell)
  "The text of CELL, a string or what `styled' made."
  (if (styled? cell) (styled-text cell) cell))

(define (drawn cell text)
  (if (styled? cell) (paint (styled-style cell) text) text))

(define (widths rows)
  (if (null? rows)
      '()
      (apply map (lambda cells (apply max (map (compose text-width cell-text) cells)))
             rows)))

(define (shrunk widths index room)
  "WIDTHS with that of the column INDEX so much less that all fit into ROOM."
  (let* ((over (- (apply + widths) room))
         (width (list-ref widths index)))
    (if (> over 0)
        (append (take widths index)
                (list (max 8 (- width over)))
                (drop widths (+ index 1)))
        widths)))

(define* (columns->lines rows #:key (shrink '()) (room (- %columns 1)) (margin "")
                         (gaps '()))
  "Make lines of ROWS, lists of equally many cells: columns as wide as their widest
cell, behind each as many blanks as GAPS says (two behind those that it does not
speak of, none before an empty column).  Where a line would be wider than ROOM columns, those of the columns
SHRINK (a list of indices) are cut with …, the first one first.  MARGIN stands
before each line."
  (if (null? rows)
      '()
      (let* ((all (widths rows))
             (gaps (append gaps
                           (make-list (- (length (car rows)) (length gaps) 1) 2)))
             (gaps (map (lambda (gap width) (if (zero? width) 0 gap)) gaps (cdr all)))
             (room (- room (text-width margin) (apply + gaps)))
             (widths (fold (lambda (index widths) (shrunk widths index room))
                           all shrink)))
        (map (lambda (row)
               (string-append margin (line row widths gaps)))
             rows))))

(define %widest-head 48)                          ;columns beside which there is room for a sentence

(define* (rows->wrapped-lines rows #:key (margin ""))
  "Return a list of lines for each of ROWS, lists of cells of which the last is a sentence: that is
wrapped, not cut, beside the others or, where these are wide, below them.  MARGIN stands before."
  (let* ((heads (columns->lines (map (lambda (row) (drop-right row 1)) rows)
                                #:margin margin #:room 1000000))
         (width (+ 2 (apply max 0 (map text-width heads))))
         (below? (> width %widest-head))
         (indent (make-string (if below? 6 width) #\space)))
    (map (lambda (head row)
           (match (wrap (last row) (- %columns 1 (string-length indent)))
             (() (list head))
             ((and lines (first . rest))
              (let ((under (lambda (lines)
                             (map (lambda (line) (string-append indent line)) lines))))
                (if below?
                    (cons head (under lines))
                    (cons (string-append (pad head width) first) (under rest)))))))
         heads rows)))

(define (line row widths gaps)
  "ROW as one line, without blanks at its end."
  (let loop ((row row) (widths widths) (gaps gaps) (blanks 0) (pieces '()))
    (if (null? row)
        (string-concatenate (reverse pieces))
        (let* ((text (fit (cell-text (car row)) (car widths)))
               (left (- (car widths) (text-width text)))
               (behind (+ left (if (null? gaps) 0 (car gaps))))
               (rest (if (null? gaps) '() (cdr gaps))))
          (if (string-null? text)
              (loop (cdr row) (cdr widths) rest (+ blanks behind) pieces)
              (loop (cdr row) (cdr widths) rest behind
                    (cons* (drawn (car row) text) (make-string blanks #\space)
                           pieces)))))))

(define* (labelled-lines entries #:key (wide? #f))
  "Make lines of ENTRIES, (LABEL . TEXT) in their order, as `show' and `doctor' have
them: an empty LABEL continues what is above.  They are cut at the right unless WIDE?."
  (columns->lines (map (match-lambda ((label . text) (list label text))) entries)
                  #:margin "  " #:shrink '(1)
                  #:room (if wide? 1000000 (- %columns 1))))

;;; Small things

(define %blocks "▁▂▃▄▅▆▇█")

(define (sparkline values)
  "One block for each of VALUES, numbers from 0 on: its height is its part of the
greatest of them."
  (let ((top (fold max 0 values)))
    (string-concatenate
     (map (lambda (value)
            (let ((height (if (zero? top)
                              1
                              (max 1 (inexact->exact (ceiling (/ (* 8 value) top)))))))
              (string (string-ref %blocks (- height 1)))))
          values))))

(define (ordinal n)
  "N as 1st, 2nd, 3rd, 4th, 11th."
  (string-append (number->string n)
                 (if (<= 11 (modulo n 100) 13)
                     "th"
                     (case (modulo n 10)
                       ((1) "st")
                       ((2) "nd")
                       ((3) "rd")
                       (else "th")))))

(define (print-lines lines)
  "Print LINES, strings, to the current output."
  (for-each (lambda (line) (display line) (newline)) lines))
