;;; common.el --- What the drivers of Emacs share  -*- lexical-binding: t -*-

(require 'json)
(require 'cl-lib)

(setq make-backup-files nil create-lockfiles nil native-comp-deferred-compilation nil)
(defvar told nil "What was seen, by name: an alist for the test.")

(defun tell (name value)
  "Remember VALUE under NAME."
  (push (cons name value) told))

(defun until (what seen)
  "Wait until SEEN returns something and return it; WHAT names it when it never comes."
  (let ((end (+ (float-time) 60)) value)
    (while (not (setq value (funcall seen)))
      (when (> (float-time) end) (error "Never came: %s" what))
      (accept-process-output nil 0.05))
    value))

(defun go-to (text)
  "Put point at the start of TEXT."
  (goto-char (point-min))
  (search-forward text)
  (goto-char (match-beginning 0)))

(defun finish ()
  "Print what was seen."
  (tell 'text (buffer-substring-no-properties (point-min) (point-max)))
  (set-buffer-modified-p nil)
  (let ((coding-system-for-write 'utf-8)) (princ (json-encode told))))
