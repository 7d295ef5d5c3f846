// An app's program, with an image pipeline in it.
package app;

import com.pulumi.Pulumi;
import com.pulumi.imagepipeline.ImagePipeline;
import com.pulumi.imagepipeline.ImagePipelineArgs;

public class App {
    public static void main(String[] arguments) {
        Pulumi.run(context -> {
            var photos = new ImagePipeline("photos", ImagePipelineArgs.builder()
                .memory(2048)
                .alarmEmail(context.config().requireSecret("alarmEmail"))
                .build());
            context.export("uploadEndpoint", photos.uploadEndpoint());
            context.export("deliveryUrl", photos.deliveryUrl());
        });
    }
}
