;;; machine.scm -- what a machine is: its system, its parts, its addresses, its users
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Each gives a list of lists, the arguments of facts.  ROOT is the directory above /etc, "" as a
;; rule; PROC and SYS are "/proc" and "/sys".

(define-module (sheepdog machine)
  #:use-module (sheepdog core)
  #:use-module (sheepdog probe)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (machine-os machine-kernel machine-cpu machine-ram machine-disks
            machine-addresses machine-users))

(define (value-of lines key separator)
  "Return the text behind KEY and SEPARATOR, a character, of the first line that has them, or #f."
  (any (lambda (line)
         (match (string-index line separator)
           (#f #f)
           (end (and (string=? key (string-trim-both (substring line 0 end)))
                     (string-trim-both (substring line (+ end 1)))))))
       lines))

(define (unquoted text)
  (string-trim-both text (char-set #\" #\')))

(define (machine-os root)
  "((NAME RELEASE)), as os-release(5) says; Debian's point release, where it has one."
  (let* ((etc (string-append root "/etc/"))
         (lines (file-lines (or (existing-file (string-append etc "os-release")
                                               (string-append root "/usr/lib/os-release"))
                                (cannot-watch "no os-release"))))
         (name (unquoted (or (value-of lines "ID" #\=) "linux")))
         (point (existing-file (string-append etc "debian_version"))))
    (list (list name
                (or (and point (string=? name "debian")
                         (let ((text (string-trim-both (file-text point))))
                           (and (not (string-null? text))
                                (char-numeric? (string-ref text 0))
                                text)))
                    (unquoted (or (value-of lines "VERSION_ID" #\=)
                                  (value-of lines "BUILD_ID" #\=)
                                  "")))))))

(define (machine-kernel proc)
  "((RELEASE))"
  (list (list (string-trim-both (file-text (string-append proc "/sys/kernel/osrelease"))))))

(define (machine-cpu proc)
  "((MODEL CORES))"
  (let ((lines (file-lines (string-append proc "/cpuinfo"))))
    (list (list (or (any (lambda (key) (value-of lines key #\:))
                         '("model name" "Model" "cpu model" "Processor" "cpu"))
                    "unknown")
                (max 1 (count (lambda (line) (string-prefix? "processor\t" line)) lines))))))

(define (machine-ram proc)
  "((MIB))"
  (match (string-tokenize (or (value-of (file-lines (string-append proc "/meminfo"))
                                        "MemTotal" #\:)
                              ""))
    (((= string->number (? number? kib)) . _) (list (list (quotient kib 1024))))
    (_ (cannot-watch "no MemTotal in " proc "/meminfo"))))

(define (machine-disks sys)
  "((NAME MODEL MIB) ...): block devices that are a device, neither loop nor mapping."
  (let ((block (string-append sys "/block/")))
    (filter-map
     (lambda (name)
       (let ((device (string-append block name "/device"))
             (model (string-append block name "/device/model")))
         (and (file-exists? device)
              (match (string->number (string-trim-both
                                      (file-text (string-append block name "/size"))))
                ((or #f 0) #f)                    ;an empty drive
                (sectors                          ;of 512 bytes, whatever the disk's own are
                 (list name
                       (if (file-exists? model) (string-trim-both (file-text model)) "")
                       (quotient sectors 2048)))))))
     (file-names block))))

(define (machine-addresses json)
  "((ADDRESS INTERFACE) ...): those of scope global in JSON, of `ip -json address'."
  (define (value object key) (and (pair? object) (assq-ref object key)))
  (define (items array) (if (vector? array) (vector->list array) '()))
  (append-map
   (lambda (interface)
     (let ((name (value interface 'ifname)))
       (filter-map (lambda (address)
                     (let ((local (value address 'local)))
                       (and (equal? "global" (value address 'scope))
                            (string? local)
                            (list local name))))
                   (items (value interface 'addr_info)))))
   (filter (lambda (interface) (string? (value interface 'ifname)))
           (items json))))

(define (machine-users root)
  "((NAME ID) ...): root and people, as passwd(5) says, with ids from 1000 to 59999 (Debian Policy,
9.2.2)."
  (filter-map (lambda (line)
                (match (string-split line #\:)
                  ((name _ (= string->number (? number? id)) _ ...)
                   (and (or (zero? id) (<= 1000 id 59999))
                        (list name id)))
                  (_ #f)))
              (file-lines (string-append root "/etc/passwd"))))
