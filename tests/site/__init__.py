"""The course as a site: every notebook a page, the gallery, a reference. `python3 -m tests.site FOLDER` builds it."""
