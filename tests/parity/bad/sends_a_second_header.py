"""Adds its trace header beside the one that is there."""

from bad_restore import clean_up, when_imported


def hook(awsrequest):
    connection = awsrequest.AWSHTTPConnection

    def endheaders(self, *args, **kwargs):
        self.putheader("X-Amzn-Trace-Id", "Root=1-00000000-000000000000000000000001")
        return super(connection, self).endheaders(*args, **kwargs)

    connection.endheaders = endheaders


clean_up()
when_imported("botocore.awsrequest", hook)
