"""Turns an exit of the handler into an error."""

from bad_restore import clean_up, when_imported


def hook(bootstrap):
    plain = bootstrap._get_handler

    def get(name):
        function = plain(name)

        def call(event, context):
            try:
                return function(event, context)
            except SystemExit as error:
                raise RuntimeError("exit") from error

        return call

    bootstrap._get_handler = get


clean_up()
when_imported("awslambdaric.bootstrap", hook)
