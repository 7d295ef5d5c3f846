"""A moderator that asks Amazon Rekognition. **Not tried on AWS**: see the last paragraph.

It fetches the look and sends it to ``DetectModerationLabels``. It rejects what Rekognition is sure
about, approves what it finds nothing in, and leaves to people what lies between, what looks like an
upload that was rejected, and looks that Rekognition does not take.

Deploy it as a Lambda function as ``rules.py`` says, with a timeout of 15 seconds, and let its role
do this, and write its log::

    {"Effect": "Allow", "Action": "rekognition:DetectModerationLabels", "Resource": "*"}

The action has no resource to name (Service Authorization Reference, "Actions, resources, and
condition keys for Amazon Rekognition"). The role needs no permission to read a bucket: the URL of
the look is signed by the pipeline. Lambda's Python runtime has boto3. Rekognition is not in every
region; set ``REKOGNITION_REGION`` to one that has it. It costs by the picture.

Limits (developer guide, "Guidelines and quotas in Amazon Rekognition", read 2026-11-28): JPEG or
PNG, 5 MB as bytes, 80 pixels a side. A look has the size of the stack's smallest rendition that
crops nothing, so a panorama may have fewer.

The test gives it the answer that the AWS CLI's reference shows. It was never tried whether
Rekognition reads a JPEG with random bytes behind its end, as looks have. If it does not, it answers
``InvalidImageFormatException``, and the upload waits for people.
"""

import os
import urllib.request
from typing import Any

import boto3

REJECT_FROM = 90.0
"""Confidence in percent from which a label rejects."""

ASK_FROM = 50.0
"""Confidence from which people shall look; Rekognition leaves out the labels below."""

HARMLESS = {"Alcohol", "Drugs & Tobacco", "Gambling"}
"""Labels of the top level that say nothing against a picture here (developer guide, "Using the
image and video moderation APIs" has all)."""

LARGEST = 5 * 1024 * 1024
TAKEN = {"image/jpeg", "image/png"}


def handle(event: dict[str, Any], _context: object) -> dict[str, str] | None:
    """Return the decision about a held upload; None if people shall decide.

    Raises:
        Exception: the look could not be fetched, or Rekognition is too busy: it is asked again.
    """
    if event["look_content_type"] not in TAKEN:
        return None
    with urllib.request.urlopen(event["look"], timeout=5) as answer:
        look = answer.read(LARGEST + 1)
    if len(look) > LARGEST:
        return None
    rekognition = boto3.client("rekognition", region_name=os.environ.get("REKOGNITION_REGION"))
    refused = rekognition.exceptions
    try:
        found = rekognition.detect_moderation_labels(Image={"Bytes": look}, MinConfidence=ASK_FROM)
    except (
        refused.InvalidImageFormatException,
        refused.ImageTooLargeException,
        refused.InvalidParameterException,
    ):
        return None
    if event["looks_like_rejected"]:
        return None
    return decide(found["ModerationLabels"])


def decide(labels: list[dict[str, Any]]) -> dict[str, str] | None:
    """Return what follows from Rekognition's labels.

    A label of a lower level comes with those above it, which ``ParentName`` names.
    """
    parents = {label["Name"]: label["ParentName"] for label in labels}

    def top(name: str) -> str:
        return top(parents[name]) if parents.get(name) else name

    told = [label for label in labels if top(label["Name"]) not in HARMLESS]
    if not told:
        return {"decision": "approve", "reason": "Rekognition has no label for it"}
    worst = max(told, key=lambda label: label["Confidence"])
    if worst["Confidence"] < REJECT_FROM:
        return None
    reason = f"{worst['Name']}, {worst['Confidence']:.0f} %"
    return {"decision": "reject", "reason": reason}
