"""The same, seen through an error: a wrong signature is reported from the frame of the wrapper."""

from bad_restore import clean_up, when_imported

CODE = """
def wrapping(get_handler):
    def get(name):
        function = get_handler(name)
        def call(event, context):
            return function(event, context)
        return call
    return get
"""
scope = {}
exec(compile(CODE, "/opt/bad/bootstrap.py", "exec"), scope)


def hook(bootstrap):
    bootstrap._get_handler = scope["wrapping"](bootstrap._get_handler)


clean_up()
when_imported("awslambdaric.bootstrap", hook)
