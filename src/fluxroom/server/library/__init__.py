"""Pictures over HTTP: files, search, marks, boards, uploads, ZIP archives."""
