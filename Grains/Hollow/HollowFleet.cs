using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Hollow;

/// <summary>
/// A fleet of simulated nodes. Whatever real kubelets do one by one is done here once for all: one follower of pods,
/// one list of due steps, one loop that renews a tenth of the leases every second.
/// </summary>
/// <remarks>
/// Restartable at any moment: all that matters is in the API. Nodes and pods that exist are adopted as they are. A node
/// that somebody deleted stays away until the fleet starts again, as with a kubelet.
/// </remarks>
internal sealed partial class HollowFleet
{
    /// <summary>Writes on their way at one time, of each sort.</summary>
    private const int MaxWritesInFlight = 64;

    private const int LeasePeriodSeconds = 10;
    private const int HeartbeatPeriodSeconds = 300;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly HollowNodeSettings _settings;
    private readonly IResourceClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HollowNode[] _nodes;
    private readonly Dictionary<string, HollowNode> _byName;
    private readonly HollowPods _pods;
    private readonly Lock _lock = new();
    private readonly WakeSignal _wake = new();

    private readonly Channel<(HollowPod Pod, HollowStep Step)> _steps =
        Channel.CreateBounded<(HollowPod, HollowStep)>(MaxWritesInFlight);

    private bool _isSynced;

    public HollowFleet(HollowNodeSettings settings, IResourceClient client, TimeProvider time, ILogger logger)
    {
        Invariant.Check(
            settings.Count <= HollowNode.MaxNodes, "there are addresses for 32,768 hollow nodes", settings.Count);
        Invariant.Check(
            settings.PodsPerNode <= HollowNodeSettings.MaxPodsPerNode, "a hollow node has addresses for 254 pods", settings.PodsPerNode);
        _settings = settings;
        _client = client;
        _time = time;
        _logger = logger;
        _nodes = [.. Enumerable.Range(0, settings.Count).Select(i => new HollowNode(i, settings.NamePrefix, client))];
        _byName = _nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        _pods = new HollowPods(_byName, settings, time);
    }

    /// <summary>Plays the nodes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await ForEachAsync(_nodes, RegisterAsync, cancellationToken);
        LogStarted(_nodes.Length, _settings.NamePrefix);
        await Loops.RunAsync(
            [
                token => FollowAsync(WellKnown.Pods, ApplyPod, token),
                token => FollowAsync(WellKnown.Nodes, ApplyNode, token),
                BeatAsync,
                DispatchAsync,
                .. Enumerable.Repeat<Func<CancellationToken, Task>>(WorkAsync, MaxWritesInFlight),
            ],
            cancellationToken);
    }

    private static Task ForEachAsync(
        IEnumerable<HollowNode> nodes, Func<HollowNode, CancellationToken, Task> action, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            nodes,
            new ParallelOptions { MaxDegreeOfParallelism = MaxWritesInFlight, CancellationToken = cancellationToken },
            (node, token) => new ValueTask(action(node, token)));

    private async Task RegisterAsync(HollowNode node, CancellationToken cancellationToken)
    {
        while (!await TryRegisterAsync(node, cancellationToken))
        {
            await Task.Delay(Second, _time, cancellationToken);
        }

        await RenewLeaseAsync(node, cancellationToken);
    }

    private async Task<bool> TryRegisterAsync(HollowNode node, CancellationToken cancellationToken)
    {
        try
        {
            var created = await node.Client.CreateAsync(
                new CreateRequest
                {
                    Resource = WellKnown.Nodes,
                    Name = node.Name,
                    Json = HollowNodeJson.Node(node, _settings, _time.GetUtcNow()),
                },
                cancellationToken);
            if (created.Succeeded)
            {
                node.Uid = created.Value.Uid;
                return true;
            }

            if (created.Error.Reason == StatusReasons.AlreadyExists)
            {
                return await PatchStatusAsync(node, cancellationToken);
            }

            LogRefused(node.Name, created.Error.Message);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogRefused(node.Name, error.Message);
        }

        return false;
    }

    private Task<bool> PatchStatusAsync(HollowNode node, CancellationToken cancellationToken) => PatchNodeAsync(
        node, HollowNodeJson.StatusPatch(node, _settings, _time.GetUtcNow()), cancellationToken);

    private async Task<bool> PatchNodeAsync(HollowNode node, byte[] patch, CancellationToken cancellationToken)
    {
        var patched = await node.Client.PatchAsync(
            new PatchRequest
            {
                Resource = WellKnown.Nodes,
                Key = new ObjectKey("", node.Name),
                Subresource = "status",
                Kind = PatchKind.Strategic,
                Patch = patch,
            },
            cancellationToken);
        if (patched.Succeeded)
        {
            node.Uid = patched.Value.Uid;
            return true;
        }

        if (patched.Error.Reason == StatusReasons.NotFound)
        {
            node.Uid = null;
        }

        return false;
    }

    /// <summary>Every second renews the leases of some nodes and tells the status of a few, in turns.</summary>
    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Second, _time);
        for (long beat = 1; await timer.WaitForNextTickAsync(cancellationToken); beat++)
        {
            var leases = _nodes.Where(
                n => n.Uid is not null && n.Index % LeasePeriodSeconds == beat % LeasePeriodSeconds);
            await ForEachAsync(leases, RenewLeaseAsync, cancellationToken);
            var statuses = _nodes.Where(
                n => n.Uid is not null && n.Index % HeartbeatPeriodSeconds == beat % HeartbeatPeriodSeconds);
            await ForEachAsync(statuses, HeartbeatAsync, cancellationToken);
        }
    }

    private async Task HeartbeatAsync(HollowNode node, CancellationToken cancellationToken)
    {
        try
        {
            await PatchNodeAsync(node, HollowNodeJson.HeartbeatPatch(_time.GetUtcNow()), cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogRefused(node.Name, error.Message);
        }
    }

    private async Task RenewLeaseAsync(HollowNode node, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = node.HasLease
                ? await node.Client.PatchAsync(
                    new PatchRequest
                    {
                        Resource = WellKnown.Leases,
                        Key = new ObjectKey(WellKnown.NodeLeaseNamespace, node.Name),
                        Kind = PatchKind.Merge,
                        Patch = HollowNodeJson.LeasePatch(_time.GetUtcNow()),
                    },
                    cancellationToken)
                : await node.Client.CreateAsync(
                    new CreateRequest
                    {
                        Resource = WellKnown.Leases,
                        Namespace = WellKnown.NodeLeaseNamespace,
                        Name = node.Name,
                        Json = HollowNodeJson.Lease(node, _time.GetUtcNow()),
                    },
                    cancellationToken);

            // A lease that was there before is renewed at the next turn; one that is gone is made anew then.
            node.HasLease = outcome.Succeeded
                || outcome.Error.Reason == StatusReasons.AlreadyExists
                || (node.HasLease && outcome.Error.Reason != StatusReasons.NotFound);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogRefused(node.Name, error.Message);
        }
    }

    private async Task FollowAsync(
        ResourceName resource, Func<ResourceChange, CancellationToken, Task> apply, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in _client.FollowAsync(resource, cancellationToken))
                {
                    await apply(change, cancellationToken);
                }

                return; // the silo stops, and this with it
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogFollowEnded(resource, error);
            }

            await Task.Delay(Second, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ApplyPod(ResourceChange change, CancellationToken cancellationToken)
    {
        if (ReferenceEquals(change, ResourceChange.Synced) && _isSynced)
        {
            await ForgetMissingAsync(cancellationToken);
        }

        lock (_lock)
        {
            if (ReferenceEquals(change, ResourceChange.Synced))
            {
                // No pod starts before all are known, lest it take the address of one that has it already.
                _isSynced = true;
            }
            else
            {
                _pods.Apply(change.Kind, change.Object);
            }
        }

        _wake.Set();
    }

    /// <summary>After a gap deletions may have been missed; what the list lacks is gone.</summary>
    private async Task ForgetMissingAsync(CancellationToken cancellationToken)
    {
        var list = await _client.ListAsync(
            new ListQuery { Resource = WellKnown.Pods, Freshness = ReadFreshness.Linearizable }, cancellationToken);
        var present = list.Items.Select(item => item.Key).ToHashSet();
        lock (_lock)
        {
            _pods.KeepOnly(present);
        }
    }

    /// <summary>Somebody says that a node is not ready, or deleted it.</summary>
    private async Task ApplyNode(ResourceChange change, CancellationToken cancellationToken)
    {
        if (ReferenceEquals(change, ResourceChange.Synced) || !_byName.TryGetValue(change.Object.Key.Name, out var node))
        {
            return;
        }

        if (change.Kind == ChangeKind.Deleted)
        {
            node.Uid = null;
        }
        else if (!IsReady(change.Object))
        {
            await PatchStatusAsync(node, cancellationToken);
        }
    }

    private static bool IsReady(ResourceObject node)
    {
        using var document = JsonDocument.Parse(node.Json);
        return document.RootElement.TryGetProperty("status", out var status)
            && status.TryGetProperty("conditions", out var conditions)
            && conditions.ValueKind == JsonValueKind.Array
            && conditions.EnumerateArray().Any(c =>
                c.GetProperty("type").ValueEquals("Ready") && c.GetProperty("status").ValueEquals("True"));
    }

    private async Task DispatchAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            while (TryTake(out var next))
            {
                await _steps.Writer.WriteAsync(next, cancellationToken);
            }

            await WaitAsync(cancellationToken);
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        TimeSpan? delay;
        lock (_lock)
        {
            delay = _isSynced && _pods.NextDue is { } due ? due - _time.GetUtcNow() : null;
        }

        if (delay is not { Ticks: <= 0 })
        {
            await _wake.WaitAsync(delay, _time, cancellationToken);
        }
    }

    private bool TryTake(out (HollowPod Pod, HollowStep Step) next)
    {
        lock (_lock)
        {
            next = default;
            return _isSynced && _pods.TryTake(out next.Pod, out next.Step);
        }
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await foreach (var (pod, step) in _steps.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                await TakeStepAsync(pod, step, cancellationToken);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogStepFailed(step, pod.Key, error.Message);
                Retry(pod, step);
            }
        }
    }

    private async Task TakeStepAsync(HollowPod pod, HollowStep step, CancellationToken cancellationToken)
    {
        var outcome = step switch
        {
            HollowStep.Start => await StartAsync(pod, cancellationToken),
            HollowStep.Finish => await FinishAsync(pod, cancellationToken),
            _ => await pod.Node.Client.DeleteAsync(
                new DeleteRequest { Resource = WellKnown.Pods, Key = pod.Key, GracePeriodSeconds = 0, Uid = pod.Uid }, cancellationToken),
        };
        if (outcome.Succeeded || outcome.Error.Reason == StatusReasons.NotFound)
        {
            return;
        }

        if (outcome.Error.Reason != StatusReasons.Conflict)
        {
            LogStepFailed(step, pod.Key, outcome.Error.Message);
        }

        Retry(pod, step);
    }

    private async Task<Outcome<ResourceObject>> StartAsync(HollowPod pod, CancellationToken cancellationToken)
    {
        using var document = JsonDocument.Parse(pod.Object.Json);
        var spec = document.RootElement.GetProperty("spec");
        lock (_lock)
        {
            var isOnHost = spec.TryGetProperty("hostNetwork", out var host) && host.ValueKind == JsonValueKind.True;
            pod.Address ??= isOnHost ? pod.Node.Address : pod.Node.TakePodAddress();
            pod.StartedAt = _time.GetUtcNow();
        }

        var outcome = await WriteStatusAsync(pod, HollowPodJson.Running(pod, document.RootElement), cancellationToken);
        if (outcome.Succeeded)
        {
            lock (_lock)
            {
                _pods.Started(pod, outcome.Value, HollowPod.RunDuration(pod.Object, spec));
            }

            _wake.Set();
        }

        return outcome;
    }

    private async Task<Outcome<ResourceObject>> FinishAsync(HollowPod pod, CancellationToken cancellationToken)
    {
        using var document = JsonDocument.Parse(pod.Object.Json);
        var next = HollowPodJson.Finished(pod, document.RootElement, HollowPod.ExitCode(pod.Object), _time.GetUtcNow());
        var outcome = await WriteStatusAsync(pod, next, cancellationToken);
        if (outcome.Succeeded)
        {
            lock (_lock)
            {
                _pods.Finished(pod);
            }
        }

        return outcome;
    }

    /// <summary>
    /// A replacement, not a patch as of a kubelet: it is half the work for the server, and a simulated node has no
    /// state of its own that it would have to fit in. The pod's newest version is at hand; should there be a newer one
    /// after all, the next attempt has it.
    /// </summary>
    private static ValueTask<Outcome<ResourceObject>> WriteStatusAsync(
        HollowPod pod, ReadOnlyMemory<byte> next, CancellationToken cancellationToken) => pod.Node.Client.UpdateAsync(
            new UpdateRequest { Resource = WellKnown.Pods, Key = pod.Key, Subresource = "status", Json = next },
            cancellationToken);

    private void Retry(HollowPod pod, HollowStep step)
    {
        lock (_lock)
        {
            _pods.Retry(pod, step, Second);
        }

        _wake.Set();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} hollow nodes {Prefix}* are registered")]
    private partial void LogStarted(int count, string prefix);

    [LoggerMessage(Level = LogLevel.Warning, Message = "hollow node {Node}: {Error}")]
    private partial void LogRefused(string node, string? error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "following {Resource} ended; it begins again")]
    private partial void LogFollowEnded(ResourceName resource, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Step} of hollow pod {Pod} failed and is tried again: {Error}")]
    private partial void LogStepFailed(HollowStep step, ObjectKey pod, string? error);
}
