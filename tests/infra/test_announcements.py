"""Events of the destination bucket."""


def test_eventbridge_hears_of_the_destination_only_when_asked_for(dev, everything):
    assert [n.name for n in dev.all("BucketNotification")] == ["image-pipeline-dev-uploads"]
    notification = everything.one("BucketNotification", "-destination")
    assert notification.inputs == {
        "bucket": everything.outputs["destinationBucket"],
        "eventbridge": True,
    }
