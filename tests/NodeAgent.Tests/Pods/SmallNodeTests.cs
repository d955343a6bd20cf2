using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Reclaiming;
using OrleansOrchestrator.NodeAgent.Server;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>
/// A real containerd on a disk that fills: eviction, garbage collection, log rotation, pulls that get stuck.
/// </summary>
[Collection("small node")]
public sealed class SmallNodeTests(SmallNode small)
{
    private readonly NodeHarness _node = small.Node;

    private FakeCluster Cluster => _node.Cluster;

    [Fact]
    public async Task A_node_says_that_its_pods_together_are_held_to_what_it_has_for_them()
    {
        _node.Require();
        await Cluster.UntilAsync(
            () => Cluster.Events.Any(static e => e is
            {
                Reason: "NodeAllocatableEnforced", Type: "Normal",
                Message: "Updated Node Allocatable limit across pods",
            }),
            static () => "NodeAllocatableEnforced");
    }

    [Fact]
    public async Task The_pod_that_fills_the_disk_goes_and_the_others_stay()
    {
        _node.Require();
        var bystander = Cluster.Create(Pod("bystander", Service("c")));
        var before = await Cluster.UntilAsync(bystander, IsReady, "ready");
        var hog = Cluster.Create(
            WithDisk(Pod("hog", Shell("c", "dd if=/dev/zero of=/data/fill bs=1048576 count=140; sleep 1000"))));

        var failed = await Cluster.UntilAsync(hog, p => p.Status.Phase == "Failed", "evicted");

        Assert.Equal("Evicted", failed.Status.Reason);
        Assert.Matches(
            @"^The node was low on resource: ephemeral-storage\. Threshold quantity: \d+(Ki|Mi)?, available: \d+(Ki|Mi)?\. ", failed.Status.Message);
        Assert.Equal("TerminationByKubelet", failed.Status.Conditions.Single(c => c.Type == "DisruptionTarget").Reason);
        Assert.NotNull(failed.Status.ContainerStatuses[0].State.Terminated);
        await Cluster.UntilEventAsync(hog, "Evicted", "The node was low on resource: ephemeral-storage");
        Assert.Contains(Cluster.Events, e =>
            e is { Reason: "EvictionThresholdMet", Message: "Attempting to reclaim ephemeral-storage" });

        // the condition outlasts its cause, and while it lasts nobody else comes in
        Assert.Equal(Pressure.Disk, _node.Get<PressureState>().Current);
        var refused = await Cluster.UntilAsync(
            Cluster.Create(Pod("refused", Service("c"))), p => p.Status.Phase == "Failed", "refused");
        Assert.Equal(("Evicted", "Pod was rejected: The node had condition: [DiskPressure]. "),
            (refused.Status.Reason, refused.Status.Message));

        await UntilPressureAsync(Pressure.None);
        var next = Cluster.Create(Pod("next", Service("c")));
        await Cluster.UntilAsync(next, IsReady, "ready");
        var after = Cluster.Get(bystander);
        Assert.True(IsReady(after));
        Assert.Equal(before.Status.ContainerStatuses[0].ContainerID, after.Status.ContainerStatuses[0].ContainerID);
        await DeleteAsync(bystander, hog, refused, next);
    }

    [Fact]
    public async Task On_a_full_disk_the_agent_goes_on_and_what_waited_starts_when_there_is_room()
    {
        _node.Require();
        var bystander = Critical(Pod("steady", Service("c")));
        Cluster.Create(bystander);
        await Cluster.UntilAsync(bystander, IsReady, "ready");
        Cluster.Put(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "big", NamespaceProperty = "default" },

            // More than the node can make room for by removing unused images.
            Data = new Dictionary<string, string> { ["text"] = new('x', 30_000_000) },
        });
        var filler = Path.Combine(_node.Options.DataDirectory, "filler");
        Fill(filler);

        var waiting = Critical(Pod("waiting", Service("c")));
        waiting.Spec.Volumes = [
            new V1Volume { Name = "map", ConfigMap = new V1ConfigMapVolumeSource { Name = "big" } }];
        waiting.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "map", MountPath = "/map" }];
        Cluster.Create(waiting);
        await Cluster.UntilEventAsync(waiting, "FailedMount", "No space left on device");
        Assert.Equal("ContainerCreating", Cluster.Get(waiting).Status.ContainerStatuses[0].State.Waiting?.Reason);
        Assert.True(IsReady(Cluster.Get(bystander)));

        File.Delete(filler);

        await Cluster.UntilAsync(waiting, IsReady, "ready");
        Assert.Equal(0, Cluster.Get(bystander).Status.ContainerStatuses[0].RestartCount);
        await DeleteAsync(bystander, waiting);
        await UntilPressureAsync(Pressure.None);
    }

    [Fact]
    public async Task A_full_disk_costs_unused_images_and_dead_containers_before_it_costs_a_pod()
    {
        _node.Require();
        var store = _node.Get<ImageStore>();
        var ended = Pod("ended", Shell("c", "dd if=/dev/zero of=/written bs=1048576 count=20; echo done"));
        ended.Spec.RestartPolicy = "Never";
        Cluster.Create(ended);
        var succeeded = await Cluster.UntilAsync(ended, p => p.Status.Phase == "Succeeded", "Succeeded");
        var running = Cluster.Create(Pod("running", Service("c")));
        await Cluster.UntilAsync(running, IsReady, "ready");
        await ImportAsync("test.local/unused:1");
        var filler = Path.Combine(_node.Options.DataDirectory, "filler");
        var disk = Linux.UsageOf(_node.Options.DataDirectory);
        Fill(filler, disk.AvailableBytes - (disk.CapacityBytes * 3 / 10) + (10 << 20));

        await Cluster.UntilAsync(
            () => _node.Get<PodRuntimeCache>().Get(ended.Metadata.Uid).IsEmpty, () =>
                "the ended pod's containers are gone", poll: true);
        await UntilPressureAsync(Pressure.None);

        Assert.Null(await store.FindAsync("test.local/unused:1", CancellationToken.None));
        Assert.NotNull(await store.FindAsync(NodeHarness.Busybox, CancellationToken.None));
        Assert.NotNull(await store.FindAsync(PauseImage.Reference, CancellationToken.None));
        Assert.True(IsReady(Cluster.Get(running)));
        var after = Cluster.Get(ended).Status;
        Assert.Equal("Succeeded", after.Phase);
        Assert.Equal(succeeded.Status.ContainerStatuses[0].State.Terminated.ContainerID,
            after.ContainerStatuses[0].State.Terminated.ContainerID);
        Assert.Equal(0, after.ContainerStatuses[0].State.Terminated.ExitCode);
        File.Delete(filler);
        await DeleteAsync(ended, running);
    }

    [Fact]
    public async Task Unused_images_go_from_the_high_mark_to_the_low_one_and_used_ones_stay()
    {
        _node.Require();
        var store = _node.Get<ImageStore>();
        var collector = _node.Get<ImageGarbageCollector>();
        var running = Cluster.Create(Pod("user", Service("c")));
        await Cluster.UntilAsync(running, IsReady, "ready");
        await ImportAsync("test.local/idle:1");
        await collector.CollectAsync(CancellationToken.None);
        Assert.NotNull(await store.FindAsync("test.local/idle:1", CancellationToken.None));

        var filler = Path.Combine(_node.Options.DataDirectory, "filler");
        var disk = Linux.UsageOf(_node.Options.DataDirectory);
        Fill(filler, disk.AvailableBytes - (disk.CapacityBytes * 35 / 100));
        await collector.CollectAsync(CancellationToken.None);

        Assert.Null(await store.FindAsync("test.local/idle:1", CancellationToken.None));
        Assert.NotNull(await store.FindAsync(NodeHarness.Busybox, CancellationToken.None));
        await Cluster.UntilAsync(
            () => Cluster.Events.Any(e => e.Reason == "FreeDiskSpaceFailed" && e.InvolvedObject.Kind == "Node"), () =>
                "FreeDiskSpaceFailed");
        File.Delete(filler);
        await DeleteAsync(running);
        await UntilPressureAsync(Pressure.None);
    }

    [Fact]
    public async Task A_follower_of_a_rotated_log_misses_no_line()
    {
        _node.Require();
        const int lines = 6_000; // in pieces: who falls behind by a whole file loses it, here as upstream
        var pod = Cluster.Create(Pod("chatty", Shell(
            "c", $"i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo line $i; [ $((i % 400)) = 0 ] && sleep 0.4; done; sleep 1000")));
        await Cluster.UntilAsync(pod, IsReady, "ready");
        var path = _node.Get<PodManager>().FindByUid(pod.Metadata.Uid)!.Container("c")!.LogPath;
        using var stop = new CancellationTokenSource();
        using var output = new LineCounter();
        var following = new ContainerLogs(TimeProvider.System).CopyAsync(
            path, new LogRequest { Follow = true }, () => true, output, stop.Token);

        await Cluster.UntilAsync(
            () => output.Lines >= lines, () => $"{output.Lines} of {lines} lines", seconds: 60, poll: true);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);

        Assert.Equal("", output.Gap);
        var files = Directory.GetFiles(Path.GetDirectoryName(path)!);
        Assert.InRange(files.Length, 2, SmallNode.LogFiles);
        Assert.All(files.Where(f => f != path).Order(StringComparer.Ordinal).SkipLast(1), f =>
            Assert.EndsWith(".gz", f, StringComparison.Ordinal));
        await DeleteAsync(pod);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_stuck_pull_is_given_up_and_harms_nobody_else()
    {
        _node.Require();
        await using var registry = await FakeRegistry.StartAsync();
        V1Pod[] stuck = [Pulling("hang", $"{registry.Address}/hang:1"), Pulling("half", $"{registry.Address}/half:1")];
        foreach (var pod in stuck)
        {
            await Cluster.UntilEventAsync(pod, "Pulling");
            Assert.Equal("ContainerCreating", Cluster.Get(pod).Status.ContainerStatuses[0].State.Waiting?.Reason);
        }

        var other = Cluster.Create(Pod("other", Service("c")));
        var slow = Pulling("slow", $"{registry.Address}/slow:1");
        await Cluster.UntilAsync(other, IsReady, "ready");
        await Cluster.UntilAsync(slow, IsReady, "ready, though its pull took longer than a stuck one is given");

        foreach (var pod in stuck)
        {
            await Cluster.UntilEventAsync(pod, "Failed", "no progress for 2s");
            await Cluster.UntilAsync(
                pod, p => p.Status.ContainerStatuses[0].State.Waiting?.Reason is "ErrImagePull" or "ImagePullBackOff",
                    "ErrImagePull");
        }

        await DeleteAsync([.. stuck, other, slow]);
    }

    [Fact]
    public async Task A_pod_can_be_deleted_while_its_image_is_pulled()
    {
        _node.Require();
        await using var registry = await FakeRegistry.StartAsync();
        var pod = Pulling("doomed", $"{registry.Address}/hang:2");
        await Cluster.UntilEventAsync(pod, "Pulling");

        await DeleteAsync(pod);

        Assert.DoesNotContain(Cluster.Events, e => e.InvolvedObject.Uid == pod.Metadata.Uid && e.Reason == "Failed");
    }

    private V1Pod Pulling(string name, string image)
    {
        var container = Service("c");
        (container.Image, container.ImagePullPolicy) = (image, "Always");
        return Cluster.Create(Pod(name, container));
    }

    private async Task DeleteAsync(params V1Pod[] pods)
    {
        foreach (var pod in pods)
        {
            await _node.DeleteAsync(pod);
        }
    }

    private Task UntilPressureAsync(Pressure pressure) => Cluster.UntilAsync(
        () => _node.Get<PressureState>().Current == pressure, () =>
            $"{pressure}, is {_node.Get<PressureState>().Current}", poll: true);

    private Task ImportAsync(string reference) => _node.ImportAsync(
        new ImageDescription { Reference = reference, Command = ["sh"] }, BusyboxImage.Text("etc/own", reference));

    /// <summary>Takes space away, so much or all that there is.</summary>
    private static void Fill(string path, long bytes = long.MaxValue)
    {
        var block = new byte[256 * 1024];
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (; bytes > 0; bytes -= block.Length)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // full
        }
    }

    private static V1Pod WithDisk(V1Pod pod)
    {
        pod.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        pod.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data" }];
        return pod;
    }

    private static V1Pod Critical(V1Pod pod)
    {
        pod.Spec.Priority = 2_000_001_000;
        return pod;
    }

    /// <summary>Takes a followed log and checks that its lines are numbered without a gap.</summary>
    private sealed class LineCounter : MemoryStream
    {
        private readonly StringBuilder _rest = new();

        public int Lines { get; private set; }

        public string Gap { get; private set; } = "";

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            foreach (var character in Encoding.UTF8.GetString(buffer.Span))
            {
                if (character != '\n')
                {
                    _rest.Append(character);
                    continue;
                }

                if (_rest.ToString() != $"line {++Lines}" && Gap.Length == 0)
                {
                    Gap = $"\"{_rest}\" instead of line {Lines}";
                }

                _rest.Clear();
            }

            return ValueTask.CompletedTask;
        }
    }
}
