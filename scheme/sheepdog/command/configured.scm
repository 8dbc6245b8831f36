;;; configured.scm -- what the configuration says for itself: no action takes it back, but says where it stands
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command configured)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog config)
  #:use-module (sheepdog error)
  #:use-module (sheepdog policy)
  #:export (configured-entries
            configured-rules
            raise-configured
            take-out))

(define (configuration place)
  (read-config (place-ref place 'file) #:check? #f))

(define (configured-entries place key)
  "Return the entries KEY of the configuration of PLACE, '() where there is none."
  (if (place-ref place 'file)
      (config-entries (configuration place) key)
      '()))

(define (configured-rules place)
  "Return the index of what the configuration of PLACE expects, see (sheepdog demand)."
  (policy-rules (policy (configuration place))))

(define (take-out where)
  "Return the hint how to be rid of what stands at WHERE, \"FILE:LINE\"."
  (string-append "take it out at " where))

(define (raise-configured text where)
  "Raise `usage': TEXT, and it stands at WHERE."
  (raise-error 'usage text (take-out where)))
