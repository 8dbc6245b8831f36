;;; .dir-locals.el -- how Emacs indents our macros -*- lisp-data -*-
;;; SPDX-License-Identifier: GPL-3.0-or-later

((nil . ((fill-column . 100)
         (indent-tabs-mode . nil)
         (sentence-end-double-space . t)))
 (scheme-mode
  . ((fill-column . 80)
     (geiser-active-implementations . (guile))
     (eval . (put 'define-monitor 'scheme-indent-function 1))
     (eval . (put 'define-handler 'scheme-indent-function 1))
     (eval . (put 'define-command 'scheme-indent-function 1))
     (eval . (put 'sample 'scheme-indent-function 0))
     (eval . (put 'judge 'scheme-indent-function 1))
     (eval . (put 'receive 'scheme-indent-function 1))
     (eval . (put 'run-tests 'scheme-indent-function 1))
     (eval . (put 'watching 'scheme-indent-function 1))
     (eval . (put 'call-watching 'scheme-indent-function 1))
     (eval . (put 'call-with-memory 'scheme-indent-function 2))
     (eval . (put 'call-with-deadline 'scheme-indent-function 1))
     (eval . (put 'call-with-transaction 'scheme-indent-function 1))
     (eval . (put 'with-error-handler 'scheme-indent-function 1))
     (eval . (put 'with-temporary-directory 'scheme-indent-function 1))
     (eval . (put 'with-transaction 'scheme-indent-function 1))))
 (c++-mode
  . ((c-basic-offset . 2))))
