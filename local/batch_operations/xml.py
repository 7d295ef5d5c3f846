"""Requests and answers of S3 Control in XML, after botocore's model of the service."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, cast
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import botocore.session

_session: Final[Any] = botocore.session  # it has no types

NAMESPACE: Final = "http://awss3control.amazonaws.com/doc/2018-08-20/"


def read(operation: str, body: bytes) -> dict[str, Any]:
    """Return the body of a request as boto3 takes its arguments.

    Raises:
        xml.etree.ElementTree.ParseError: it is no XML.
    """
    return _value(_model(operation).input_shape, fromstring(body))  # noqa: S314 - our own callers


def write(operation: str, answer: Mapping[str, Any]) -> bytes:
    """Return an answer, given as boto3 returns it, as the body of a response."""
    shape = _model(operation).output_shape
    root = Element(shape.name, {"xmlns": NAMESPACE})
    _fill(root, shape, answer)
    return tostring(root, encoding="utf-8", xml_declaration=True)


@cache
def _model(operation: str) -> Any:
    return _session.get_session().get_service_model("s3control").operation_model(operation)


def _name(name: str, shape: Any) -> str:
    return shape.serialization.get("name", name)


def _value(shape: Any, node: Element) -> Any:
    if shape.type_name == "structure":
        named = {child.tag.rpartition("}")[2]: child for child in node}
        return {
            name: _value(member, named[_name(name, member)])
            for name, member in shape.members.items()
            if _name(name, member) in named
        }
    if shape.type_name == "list":
        return [_value(shape.member, child) for child in node]
    text = node.text or ""
    if shape.type_name == "boolean":
        return text == "true"
    return int(text) if shape.type_name in ("integer", "long") else text


def _fill(node: Element, shape: Any, value: Any) -> None:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                _fill(SubElement(node, _name(name, member)), member, value[name])
    elif shape.type_name == "list":
        for item in cast("list[Any]", value):
            _fill(SubElement(node, _name("member", shape.member)), shape.member, item)
    elif isinstance(value, bool):
        node.text = str(value).lower()
    else:
        node.text = value.isoformat() if isinstance(value, datetime) else str(value)
