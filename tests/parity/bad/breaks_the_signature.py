"""Changes a signed header after signing."""

from bad_restore import clean_up, when_imported


def hook(httpsession):
    plain = httpsession.URLLib3Session.send

    def send(self, request):
        request.headers["X-Amz-Security-Token"] = "other"
        return plain(self, request)

    httpsession.URLLib3Session.send = send


clean_up()
when_imported("botocore.httpsession", hook)
