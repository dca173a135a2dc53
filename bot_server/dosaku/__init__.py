"""Dosaku: tasks (what a person wants done), modules (how it is done), and agents that learn tasks."""

from dosaku.agent import Agent, Learned
from dosaku.catalog import Catalog, catalog
from dosaku.errors import DosakuError, ExecutorPermissionRequired, ServicePermissionRequired
from dosaku.module import Executor, Module, Service
from dosaku.task import Task
from dosaku.usage import Usage

__all__ = [
    "Agent",
    "Catalog",
    "DosakuError",
    "Executor",
    "ExecutorPermissionRequired",
    "Learned",
    "Module",
    "Service",
    "ServicePermissionRequired",
    "Task",
    "Usage",
    "catalog",
]
