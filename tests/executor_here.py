"""An executor without workers, for tests that stop a run at any of its steps."""

from concurrent.futures import Executor, Future


class Here(Executor):
    """Runs tasks at once in this process; exceptions that end a process pass through."""

    def submit(self, function, task):
        future = Future()
        try:
            future.set_result(function(task))
        except Exception as error:
            future.set_exception(error)
        return future
