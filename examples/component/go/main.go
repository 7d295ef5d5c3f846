// An app's program, with an image pipeline in it.
package main

import (
	images "github.com/pulumi/pulumi-image-pipeline/sdk/go/imagepipeline"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cover := images.FitCOVER
		photos, err := images.NewImagePipeline(ctx, "photos", &images.ImagePipelineArgs{
			Memory:     pulumi.IntRef(2048),
			AlarmEmail: config.RequireSecret(ctx, "alarmEmail"),
			Renditions: []images.RenditionArgs{
				{
					Name:    "card",
					Width:   640,
					Height:  480,
					Fit:     &cover,
					Formats: []images.OutputFormat{images.OutputFormatAVIF, images.OutputFormatJPEG},
				},
				{Name: "full", Width: 2048, Height: 2048},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("uploadEndpoint", photos.UploadEndpoint)
		ctx.Export("deliveryUrl", photos.DeliveryUrl)
		return nil
	})
}
