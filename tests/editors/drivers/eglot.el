;;; eglot.el --- A mistake is shown, explained, mended and formatted  -*- lexical-binding: t -*-

(require 'eglot)
(setq eglot-sync-connect t)
(find-file "build.envd")
;; `eglot-ensure' waits for the end of a command, which there is none of.
(run-hooks 'post-command-hook)
(tell 'mode (symbol-name major-mode))

(let* ((found (until "a diagnostic" (lambda () (flymake-start) (flymake-diagnostics))))
       (first (car found)))
  (tell 'findings (length found))
  (tell 'message (flymake-diagnostic-text first))
  (tell 'place (buffer-substring-no-properties (flymake-diagnostic-beg first) (flymake-diagnostic-end first))))

(go-to "s3(")
(let (shown)
  (eglot-hover-eldoc-function (lambda (text &rest _) (when text (setq shown (substring-no-properties text)))))
  (tell 'hover (until "a hover" (lambda () shown))))

(go-to "regoin")
(let ((at (point)))
  (until "a fix" (lambda () (> (length (eglot-code-actions at at "quickfix")) 0)))
  (cl-letf (((symbol-function 'completing-read) (lambda (_ all &rest _) (caar all))))
    (eglot-code-actions at at "quickfix" t)))
;; Changes are sent when somebody is idle, and nobody is here.
(eglot--signal-textDocument/didChange)
(until "no diagnostic" (lambda () (flymake-start) (not (flymake-diagnostics))))

(go-to "region=")
(search-forward ")")
(backward-char)
(insert ", mo")
(completion-at-point)
(insert "\"max\"")

(eglot-format-buffer)
(finish)
(eglot-shutdown (eglot-current-server))
