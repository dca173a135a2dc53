"""The built-in steps, one a file, and the `Step` that custom steps build on: `from steps import Step`."""

from steps.step import AnyConfig, Payload, Step, StepConfig, StepContext

__all__ = ["AnyConfig", "Payload", "Step", "StepConfig", "StepContext"]
