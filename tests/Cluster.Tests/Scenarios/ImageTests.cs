using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Images that come from a registry, and images that do not come.</summary>
[Collection(ClusterTests.Name)]
public sealed class ImageTests(RealCluster cluster)
{
    [Fact]
    public async Task Images_are_pulled_and_what_cannot_be_pulled_is_said()
    {
        await using var space = await Space.CreateAsync(cluster, "images");
        await using var registry = await Registry.StartAsync(Path.Combine(cluster.Scratch, "registry"));
        await Concurrently.RunAsync(
            APulledImageRunsAsync(space, $"{registry.Host}/shelf/pulled:1"),
            AnUnknownImageBacksOffAsync(space, $"{registry.Host}/unknown:1"),
            NothingIsPulledAgainstThePolicyAsync(space),
            ABadNameIsSaidAsync(space));
    }

    private async Task APulledImageRunsAsync(Space space, string image)
    {
        (await cluster.CtrAsync("images", "tag", Pods.Image, image)).Required.ToString();
        (await cluster.CtrAsync("images", "push", "--plain-http", image)).Required.ToString();
        (await cluster.CtrAsync("images", "rm", image)).Required.ToString();
        await space.KubectlAsync("run", "pulled", $"--image={image}", "--image-pull-policy=Always");
        await space.WaitAsync("pod/pulled", "Ready");
        Assert.Contains(
            "@sha256:",
            await space.FieldAsync("pod/pulled", "{.status.containerStatuses[0].imageID}"),
            StringComparison.Ordinal);
        await space.EventAsync("pulled", "Pulled", $"Successfully pulled image \"{image}\"");
    }

    private static async Task AnUnknownImageBacksOffAsync(Space space, string image)
    {
        await space.KubectlAsync("run", "unknown", $"--image={image}");
        await space.WaitAsync("pod/unknown", "{.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff");
        Assert.StartsWith(
            $"Back-off pulling image \"{image}\"",
            await space.FieldAsync("pod/unknown", "{.status.containerStatuses[0].state.waiting.message}"),
            StringComparison.Ordinal);
        await space.EventAsync("unknown", "Failed", $"Failed to pull image \"{image}\"");
        await space.EventAsync("unknown", "Failed", "Error: ErrImagePull");
    }

    private static async Task NothingIsPulledAgainstThePolicyAsync(Space space)
    {
        await space.KubectlAsync("run", "never", "--image=orc.local/not-there:1", "--image-pull-policy=Never");
        await space.WaitAsync("pod/never", "{.status.containerStatuses[0].state.waiting.reason}=ErrImageNeverPull");
    }

    private static async Task ABadNameIsSaidAsync(Space space)
    {
        await space.ApplyAsync(
            Pods.Shell("bad-name", "true").Replace(Pods.Image, "orc.local/UPPER:1", StringComparison.Ordinal));
        await space.WaitAsync("pod/bad-name", "{.status.containerStatuses[0].state.waiting.reason}=InvalidImageName");
    }
}
