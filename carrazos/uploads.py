"""The upload gate: a body over the limit is refused while it arrives, before it fills the disk."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

MULTIPART_OVERHEAD = 1024 * 1024


class SizeLimitHandler(FileUploadHandler):
    """Raises RequestDataTooBig (answered as 413) when the files of one request pass UPLOAD_MAX_BYTES."""

    def __init__(self, request=None):
        super().__init__(request)
        self.received = 0

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):  # noqa: N803 -- Django's name
        if content_length > settings.UPLOAD_MAX_BYTES + MULTIPART_OVERHEAD:
            raise RequestDataTooBig

    def receive_data_chunk(self, raw_data, start):
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_MAX_BYTES + MULTIPART_OVERHEAD:
            raise RequestDataTooBig
        return raw_data

    def file_complete(self, file_size):
        return None
