"""Why can a job not have the worker now, though that is free?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lofi_core.jobs.job import Job
    from lofi_core.models.cache import ModelCache


class Obstacles:
    """For as long as nothing changes: each model is asked for once, for thousands of jobs may wait for it."""

    def __init__(self, models: ModelCache) -> None:
        self._models = models
        self._of_models: dict[tuple[str, str], str | None] = {}

    def of(self, job: Job) -> str | None:
        """In words; None when there is none."""
        prepared = job.prepared
        if job.generator is not None and prepared.spec.name not in self._models.stuck:
            return None  # its model is in memory
        model = prepared.record.name, prepared.schedule.weights
        if model not in self._of_models:
            self._of_models[model] = self._models.obstacle(prepared.record, prepared.schedule.weights)
        return self._of_models[model]

    def fits(self, job: Job) -> bool:
        """Whether it can have it."""
        return self.of(job) is None
