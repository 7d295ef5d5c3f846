// An app's program, with an image pipeline in it.
using System.Collections.Generic;
using Pulumi;
using Pulumi.ImagePipeline;

return await Deployment.RunAsync(() =>
{
    var config = new Config();
    var photos = new ImagePipeline("photos", new ImagePipelineArgs
    {
        Memory = 2048,
        AlarmEmail = config.RequireSecret("alarmEmail"),
    });
    return new Dictionary<string, object?>
    {
        ["uploadEndpoint"] = photos.UploadEndpoint,
        ["deliveryUrl"] = photos.DeliveryUrl,
    };
});
