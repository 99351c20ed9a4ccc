"""The child that draws one PDF: HTML in by standard input, file out. Reaches no file and no address but `data:`."""

import json
import resource
import sys

MEMORY_BYTES = 2 * 1024**3
CPU_SECONDS = 150
NO_PANGO = 4


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    job = json.load(sys.stdin)
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except OSError:
        return NO_PANGO
    fetcher = URLFetcher(allowed_protocols=["data"], allow_redirects=False)
    weasyprint.HTML(string=job["html"], url_fetcher=fetcher).write_pdf(job["target"], pdf_variant="pdf/ua-1", optimize_images=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
