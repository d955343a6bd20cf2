using k8s.Models;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>
/// A start that fails is tried, and told, again every ten seconds: not each time that the worker wakes, as it does for
/// the status that it reported itself. Whoever mends what it lacks does not wait for that.
/// </summary>
[Collection("containers")]
public sealed class StartRetryTests(NodeHarness node)
{
    /// <summary>Less than the ten seconds: the clock that events are stamped with may be set meanwhile.</summary>
    private static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(8);

    private FakeCluster Cluster => node.Cluster;

    [Theory]
    [InlineData("127.0.0.1:9/absent:2", "BackOff", "Back-off pulling image")]
    [InlineData("test.local/absent:2", "ErrImageNeverPull", "is not present with pull policy of Never")]
    public async Task A_start_that_fails_again_is_told_again_after_a_while(string image, string reason, string message)
    {
        node.Require();
        var container = Service("c");
        (container.Image, container.ImagePullPolicy) = (image, reason == "BackOff" ? "IfNotPresent" : "Never");
        var pod = Cluster.Create(Pod($"again-{reason.ToLowerInvariant()}", container));
        await Cluster.UntilAsync(
            pod, p => p.Status.ContainerStatuses?[0].State.Waiting is { Reason: not "ContainerCreating" }, "waiting");

        await Cluster.UntilAsync(() => Told() is { Count: > 1 }, () => $"{reason} twice", seconds: 180);

        var told = Told()!;
        Assert.Contains(message, told.Message, StringComparison.Ordinal);
        Assert.True(
            told.LastTimestamp - told.FirstTimestamp >= (told.Count - 1) * LeastPause,
            $"{told.Count} times within {told.LastTimestamp - told.FirstTimestamp}");
        await node.DeleteAsync(pod);

        Corev1Event? Told() => Cluster.Events
            .FirstOrDefault(e => e.InvolvedObject.Uid == pod.Metadata.Uid && e.Reason == reason);
    }
}
