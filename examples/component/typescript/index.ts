import * as pulumi from "@pulumi/pulumi";
import * as images from "@pulumi/image-pipeline";

const photos = new images.ImagePipeline("photos", {
  memory: 2048,
  alarmEmail: new pulumi.Config().requireSecret("alarmEmail"),
  renditions: [
    {
      name: "card",
      width: 640,
      height: 480,
      fit: images.Fit.COVER,
      formats: [images.OutputFormat.AVIF, images.OutputFormat.JPEG],
    },
    { name: "full", width: 2048, height: 2048 },
  ],
});

export const uploadEndpoint = photos.uploadEndpoint;
export const deliveryUrl = photos.deliveryUrl;
