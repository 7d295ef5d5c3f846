"""Fixtures of the unit tests: an environment, uploads, and buckets in memory."""

import io
import logging

import pytest
from PIL import Image

from function.engine.renditions import DEFAULT_RENDITIONS
from function.environment import Environment
from function.events import Event, EventKind
from function.versions import ObjectVersion
from tests.support.aws_server import AwsServer
from tests.support.engine import reconciler_for
from tests.support.memory import MemoryBucket


@pytest.fixture(autouse=True)
def _function_logs_reach_pytest():
    """Importing the handler routes the package's log to standard output; undo that for caplog."""
    logger = logging.getLogger("function")
    before = (logger.handlers, logger.propagate)
    logger.handlers, logger.propagate = [], True
    yield
    logger.handlers, logger.propagate = before


@pytest.fixture
def aws_server(monkeypatch):
    """An AWS whose answers a test writes down; buckets and indexes that are opened then ask it."""
    server = AwsServer()
    variables = {"AWS_ENDPOINT_URL": server.url, "AWS_REGION": "us-east-1"}
    variables |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield server
    server.close()


@pytest.fixture
def source():
    return MemoryBucket()


@pytest.fixture
def destination():
    return MemoryBucket()


@pytest.fixture
def environment():
    return Environment(
        destination_bucket="destination",
        delivery_url="https://cdn.example",
        renditions=DEFAULT_RENDITIONS,
        max_upload_bytes=25_000_000,
        max_pixels=50_000_000,
        kms_key_arn="",
        background="#ffffff",
        quality="fast",
        duplicates="off",
        index_table="",
        timeout=60,
        publish_metrics=True,
        tags_rejected=False,
        native_decoder=True,
        hdr="keep",
        encoders="current",
        memory_mb=1024,
    )


@pytest.fixture
def upload():
    return ObjectVersion(
        key="uploads/u1/beach.jpg", version_id="v1", etag="e1", sequencer="01", bytes=1
    )


@pytest.fixture
def event(upload):
    return Event(bucket="source", kind=EventKind.CREATED, version=upload, correlation_id="c1")


@pytest.fixture
def deliver(environment, source, destination):
    """Processes an event as the handler does, with buckets in memory."""
    return reconciler_for(environment, source, destination).reconcile


@pytest.fixture
def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((1600, 1200)).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()
