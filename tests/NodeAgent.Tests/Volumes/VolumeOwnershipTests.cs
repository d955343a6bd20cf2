using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>What is told of a volume that is given to its pod's group for long.</summary>
public sealed class VolumeOwnershipTests : IDisposable
{
    private const string Head = "Setting volume ownership for pod-uid/volumes/kubernetes.io~csi/pv/mount";

    private readonly string _root = Directory.CreateTempSubdirectory("orc-ownership-").FullName;
    private readonly FakeCluster _cluster = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task That_it_takes_long_is_told_again_and_again(int reports)
    {
        Assert.SkipUnless(Linux.IsRoot, "needs root");
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default", Uid = "pod-uid" },
            Spec = new V1PodSpec { SecurityContext = new V1PodSecurityContext { FsGroup = 4321 } },
        };
        var events = new EventRecorder(
            _cluster, new NodeAgentOptions { NodeName = "n", DataDirectory = _root }, TimeProvider.System,
            NullLogger<EventRecorder>.Instance);

        await File.WriteAllTextAsync(Path.Combine(_root, "a"), "", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(_root, "b"), "", Cancellation);
        using (var directory = HeldDirectory.Open(_root))
        {
            new VolumeOwnership(events, new LateTime(reports)).Give(
                directory, pod, "/node/pods/pod-uid/volumes/kubernetes.io~csi/pv/mount");
        }

        Assert.Equal(4321, Linux.GroupOf(_root));
        await events.StartAsync(Cancellation);
        await _cluster.UntilAsync(
            () => _cluster.Events.Sum(static e => e.Count) == reports, () => $"{reports} reports");
        await events.StopAsync(Cancellation);
        Assert.All(_cluster.Events, static e => Assert.Equal("VolumePermissionChangeInProgress", e.Reason));
        string[] told =
        [
            Head + " is taking longer than expected, consider using OnRootMismatch - https://kubernetes.io/docs/" +
                "tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-" +
                "policy-for-pods",
            Head + ", processed 2 files.",
        ];
        Assert.Equal(told.Take(Math.Min(reports, 2)), _cluster.Events.Select(static e => e.Message));
    }

    /// <summary>The first report is due before anything is done, the others when all that is in it is.</summary>
    private sealed class LateTime(int reports) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60)), (dueTime, period));
            callback(state);
            return new LateTimer(() =>
            {
                for (var report = 1; report < reports; report++)
                {
                    callback(state);
                }
            });
        }
    }

    private sealed class LateTimer(Action strike) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => strike();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
