"""Single values in Valkey: what is promised of them in the server's own memory holds there too."""

from conformance.python import test_batch, test_conditions, test_hash, test_scalar, test_time

globals().update(
    {
        f"test_{module.__name__.rpartition('test_')[2]}_{name.removeprefix('test_')}": test
        for module in (test_scalar, test_batch, test_conditions, test_hash, test_time)
        for name, test in vars(module).items()
        if name.startswith("test_")
    }
)
