using System.Text.Json.Nodes;
using Grpc.Core;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// Registers the node and keeps its status true: at once when something changes or its conditions are said to be
/// others, within ten seconds where others changed the rest of it, as upstream does, and every five minutes in any
/// case. That the node is alive is told by its Lease, so an unchanged status costs nothing.
/// </summary>
public sealed partial class NodeStatusLoop(
    NodeAgentOptions options,
    IClusterApi api,
    NodeObject node,
    NodeStatusComputer computer,
    RuntimeHealth health,
    PressureState pressure,
    ShutdownState shutdown,
    CriClient cri,
    ImageStore images,
    VolumesInUse volumes,
    DeviceInventory devices,
    EventRecorder events,
    TimeProvider time,
    ILogger<NodeStatusLoop> logger) : BackgroundService
{
    private const string NetworkReady = "NetworkReady";
    internal static readonly TimeSpan Check = TimeSpan.FromSeconds(10);

    /// <summary>A runtime gets its network from the cluster in a moment, and says so only when it is asked.</summary>
    private static readonly TimeSpan CheckUntilReady = TimeSpan.FromMilliseconds(500);
    internal static readonly TimeSpan ReportAnyway = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstVerdict = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RuntimeAnswer = TimeSpan.FromSeconds(5);

    private readonly WakeSignal _wake = new();
    private SteadyTime? _reported;
    private readonly NodeNews _news = new(options.NodeName);
    private string _runtimeVersion = "";
    private bool _isReady;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        health.Changed += Wake;
        pressure.Changed += Wake;
        shutdown.Changed += Wake;
        node.Contradicted += Wake;
        volumes.Changed += Wake;
        devices.Changed += Wake;
        await health.WhenKnownAsync(FirstVerdict, time, stoppingToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var retry = Retry;
        while (!stoppingToken.IsCancellationRequested)
        {
            var delay = Check;
            try
            {
                await RegisterAsync(stoppingToken);
                await ReportAsync(stoppingToken);
                delay = _isReady ? Check : CheckUntilReady;
                retry = Retry;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogFailed(options.NodeName, exception.Message);
                delay = retry;
                retry = retry * 2 < MaxRetry ? retry * 2 : MaxRetry;
            }

            try
            {
                await _wake.WaitAsync(delay, time, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Wake() => _wake.Set();

    private async Task RegisterAsync(CancellationToken cancellationToken)
    {
        if (node.Current is not null)
        {
            return;
        }

        var existing = await api.GetNodeAsync(options.NodeName, cancellationToken);
        if (existing is null && !options.RegisterNode)
        {
            throw new InvalidOperationException("the Node object does not exist and registering is switched off");
        }

        if (existing is not null)
        {
            node.Set(await AddWhatIsMissingAsync(existing, cancellationToken));
            events.Node(EventRecorder.Normal, "Starting", "Starting kubelet.");
            return;
        }

        // born with its whole status, so that the scheduler never sees a node without resources
        var fresh = computer.NewNode();
        fresh.Status = computer.Compute(await InputAsync(null, cancellationToken));
        node.Set(await api.CreateNodeAsync(fresh, cancellationToken));
        LogRegistered(options.NodeName);
        events.Node(EventRecorder.Normal, "Starting", "Starting kubelet.");
    }

    /// <summary>
    /// Labels that describe the machine are ours, and annotations that tell controllers of it; all others are whoever
    /// set them. A pod network that somebody gave the node stays; without one the node says which it brings along, so
    /// that others find the way to its pods.
    /// </summary>
    private async Task<V1Node> AddWhatIsMissingAsync(V1Node existing, CancellationToken cancellationToken)
    {
        var missing = computer.Missing(existing);
        var lacksOurs = options.PodCidr.Length > 0 && string.IsNullOrEmpty(existing.Spec?.PodCIDR);
        if (missing is null && !lacksOurs)
        {
            return existing;
        }

        var patch = new JsonObject();
        if (missing is not null)
        {
            patch["metadata"] = new JsonObject
            {
                ["labels"] = Json(missing.Labels), ["annotations"] = Json(missing.Annotations),
            };
        }

        if (lacksOurs)
        {
            patch["spec"] = new JsonObject
            {
                ["podCIDR"] = options.PodCidrs[0],
                ["podCIDRs"] = new JsonArray([.. options.PodCidrs.Select(static c => JsonValue.Create(c))]),
            };
        }

        return await api.PatchNodeAsync(options.NodeName, patch.ToJsonString(), status: false, cancellationToken);
    }

    private static JsonObject Json(IDictionary<string, string> pairs) =>
        new(pairs.Select(static p => KeyValuePair.Create(p.Key, (JsonNode?)JsonValue.Create(p.Value))));

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(node.Current!.Spec?.PodCIDR))
        {
            await node.RefreshAsync(cancellationToken); // the cluster gives it a moment after it has registered
        }

        var known = node.Current;
        var before = known.Status;
        var input = await InputAsync(before, cancellationToken);
        var status = computer.Compute(input);
        var now = time.GetSteadyTime();
        var isDue = _reported is null || now - _reported >= ReportAnyway;
        if (NodeStatusPatch.Compute(before, status, force: isDue) is { } patch)
        {
            node.Set(await api.PatchNodeAsync(options.NodeName, patch, status: true, cancellationToken));
            _reported = now;
        }

        _isReady = status.Conditions.Any(static c => c is { Type: "Ready", Status: "True" });
        foreach (var note in _news.Compare(known, status))
        {
            events.Node(note.Type, note.Reason, note.Message);
        }
    }

    private async Task<NodeStatusInput> InputAsync(V1NodeStatus? before, CancellationToken cancellationToken)
    {
        var (all, working) = devices.Amounts;
        return new NodeStatusInput
        {
            Now = time.GetUtcNow(),
            Before = before,
            Pressure = pressure.Current,
            Problem = GoErrors.Join([
                .. await RuntimeProblemsAsync(cancellationToken),
                .. shutdown.IsShuttingDown ? [ShutdownState.Problem] : Array.Empty<string>()]),
            RuntimeVersion = _runtimeVersion.Length > 0 ? _runtimeVersion : before?.NodeInfo?.ContainerRuntimeVersion ?? "",
            Images = await ListImagesAsync(cancellationToken),
            VolumesInUse = volumes.Names(before?.VolumesInUse),
            Abilities = health.Abilities,
            Devices = all,
            WorkingDevices = working,
        };
    }

    /// <summary>Asks the runtime itself: a process that runs but does not answer is as good as down.</summary>
    private async Task<IReadOnlyList<string>> RuntimeProblemsAsync(CancellationToken cancellationToken)
    {
        if (health.Problem is { } down)
        {
            return [down];
        }

        try
        {
            var status = await UnixChannels.CallAsync(
                options => cri.Runtime.StatusAsync(new StatusRequest(), options), RuntimeAnswer, cancellationToken);
            if (_runtimeVersion.Length == 0)
            {
                var version = await UnixChannels.CallAsync(
                    options => cri.Runtime.VersionAsync(new VersionRequest(), options), RuntimeAnswer,
                    cancellationToken);
                _runtimeVersion = $"{version.RuntimeName}://{version.RuntimeVersion.TrimStart('v')}";
            }

            var bad = status.Status.Conditions.Where(static c => !c.Status).ToList();
            health.NetworkProblem = bad.Where(static c => c.Type == NetworkReady).Select(Describe).FirstOrDefault();
            return [.. bad.Select(Describe)];
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return [$"container runtime is down: {CriErrors.Text(exception)}"];
        }
    }

    private static string Describe(RuntimeCondition condition)
    {
        var what = condition.Type == NetworkReady
            ? "container runtime network not ready" : "container runtime not ready";
        return $"{what}: {condition.Type}=false reason:{condition.Reason} message:{condition.Message}";
    }

    private async Task<IReadOnlyList<Image>> ListImagesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return health.IsUp ? await images.ListAsync(cancellationToken) : [];
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return []; // the Ready condition already says what is wrong
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Node {Name} is registered")]
    private partial void LogRegistered(string name);

    [LoggerMessage(2, LogLevel.Warning, "Status of node {Name} could not be reported: {Problem}")]
    private partial void LogFailed(string name, string problem);
}
