using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Dra;

/// <summary>
/// The devices that pods claim, as upstream's manager of dynamic resources has them: prepared by their drivers before a
/// pod's sandbox is made, and taken back when the last pod that uses them has ended, before the cluster hears of that.
/// What fails is a <see cref="DraException"/>, and is tried again: drivers do nothing twice.
/// </summary>
public sealed partial class DynamicResources
{
    private readonly IObjectReader _objects;
    private readonly DraPlugins _plugins;
    private readonly PreparedClaims _claims;
    private readonly DeviceHealthBook _health;
    private readonly KubeletMeters _meters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public DynamicResources(
        IObjectReader objects, DraPlugins plugins, PreparedClaims claims, DeviceHealthBook health, KubeletMeters meters,
        TimeProvider time, ILogger<DynamicResources> logger)
    {
        (_objects, _plugins, _claims, _health) = (objects, plugins, claims, health);
        (_meters, _time, _logger) = (meters, time, logger);
        health.Changed += TellPods;
    }

    /// <summary>Raised with the uid of a pod one of whose devices works no more, or works again.</summary>
    public event Action<string>? PodAffected;

    /// <summary>Has drivers prepare all that a pod claims. Nothing is begun while anything of it cannot be.</summary>
    public Task PrepareAsync(V1Pod pod, CancellationToken cancellationToken) => MeasureAsync(
        "PrepareResources", "prepare dynamic resources", () => PrepareAllAsync(pod, cancellationToken));

    /// <summary>Has drivers take back what only this pod uses. It has ended, and may be unknown.</summary>
    public Task UnprepareAsync(string uid, CancellationToken cancellationToken) => MeasureAsync(
        "UnprepareResources", "unprepare dynamic resources",
        () => _claims.LeaveAsync(uid, claims => TakeBackAsync(claims, cancellationToken), cancellationToken));

    /// <summary>
    /// Takes back what pods have left that went while the agent was away, or whose end failed. Each goes by itself: a
    /// driver that does not answer keeps what is its own.
    /// </summary>
    public Task KeepAsync(Func<string, bool> isActive, CancellationToken cancellationToken) => Task.WhenAll(
        _claims.Book.Claims.Values.SelectMany(static c => c.Pods).Distinct(StringComparer.Ordinal)
            .Where(uid => !isActive(uid)).Select(uid => UnprepareLostAsync(uid, cancellationToken)));

    /// <summary>Puts the devices that a container claims into its configuration.</summary>
    public void Apply(V1Pod pod, V1Container container, ContainerConfig config) => config.CDIDevices.AddRange(
        PodClaims.UsedBy(pod, container)
            .SelectMany(used => Require(pod, used.Claim).Drivers.Values.SelectMany(static d => d)
                .Where(d => d.IsFor(used.Request)))
            .SelectMany(static d => d.CdiIds).Distinct(StringComparer.Ordinal)
            .Select(static id => new CDIDevice { Name = id }));

    /// <summary>The claims that a container uses; none while one of them is not prepared.</summary>
    public IReadOnlyList<ClaimRecord> Of(V1Pod pod, V1Container container)
    {
        try
        {
            return [.. PodClaims.UsedBy(pod, container).Select(static u => u.Claim).Distinct(StringComparer.Ordinal)
                .Select(name => Require(pod, name))];
        }
        catch (DraException)
        {
            return []; // who asks, asks again
        }
    }

    /// <summary>
    /// Whether the devices that a container claims work, by claim and request; null where it claims none.
    /// </summary>
    public IList<V1ResourceStatus>? HealthOf(V1Pod pod, V1Container container)
    {
        var statuses = (container.Resources?.Claims ?? []).Select(used => new V1ResourceStatus
        {
            Name = string.IsNullOrEmpty(used.Request) ? $"claim:{used.Name}" : $"claim:{used.Name}/{used.Request}",
            Resources = HealthOf(pod, used),
        });
        return statuses.Where(static s => s.Resources.Count > 0).ToList() is { Count: > 0 } known ? known : null;
    }

    private List<V1ResourceHealth> HealthOf(V1Pod pod, Corev1ResourceClaim used) =>
    [
        .. from asked in pod.Spec.ResourceClaims ?? []
           where asked.Name == used.Name
           from driver in Known(pod, asked)?.Drivers ?? new Dictionary<string, IReadOnlyList<PreparedDevice>>()
           from device in driver.Value
           where device.IsFor(PodClaims.BaseRequest(used.Request))
           group _health.Of(new DeviceId(driver.Key, device.Pool, device.Name))
               by device.CdiIds.Count > 0 ? device.CdiIds[0] : $"{driver.Key}/{device.Pool}/{device.Name}" into one
           let state = one.First()
           select new V1ResourceHealth { ResourceID = one.Key, Health = state.State, Message = state.Message },
    ];

    private ClaimRecord? Known(V1Pod pod, V1PodResourceClaim asked) =>
        PodClaims.NameOf(pod, asked) is { } name ? _claims.Book.Find(pod.Metadata.NamespaceProperty, name) : null;

    private void TellPods(IReadOnlyCollection<DeviceId> devices)
    {
        var uids =
            from claim in _claims.Book.Claims.Values
            where claim.Drivers.Any(d => d.Value.Any(x => devices.Contains(new DeviceId(d.Key, x.Pool, x.Name))))
            from pod in claim.Pods
            select pod;
        foreach (var uid in uids.Distinct(StringComparer.Ordinal))
        {
            PodAffected?.Invoke(uid);
        }
    }

    private ClaimRecord Require(V1Pod pod, string claim) =>
        _claims.Book.Find(pod.Metadata.NamespaceProperty, claim)
        ?? throw new DraException(
            $"internal error: unable to get claim info for ResourceClaim {claim} in namespace " +
            pod.Metadata.NamespaceProperty);

    private async Task PrepareAllAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var wanted = new List<ClaimRecord>();
        foreach (var reference in PodClaims.Of(pod))
        {
            var claim = await ReadAsync(pod, reference.Name, cancellationToken);
            var record = PodClaims.Checked(pod, claim, reference.IsMadeForPod);
            foreach (var driver in record.Drivers.Keys)
            {
                _plugins.Get(driver); // also of what is prepared: without its driver something is wrong with the node
            }

            wanted.Add(record);
        }

        if (wanted.Count > 0)
        {
            var open = await _claims.ComeAsync(pod.Metadata.Uid, wanted, cancellationToken);
            _claims.SetPrepared(await PrepareOpenAsync(open, cancellationToken));
        }
    }

    private async Task<Resourcev1ResourceClaim> ReadAsync(V1Pod pod, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await _objects.GetResourceClaimAsync(pod.Metadata.NamespaceProperty, name, cancellationToken)
                ?? throw new DraException(
                    $"fetch ResourceClaim {name}: resourceclaims.resource.k8s.io \"{name}\" not found");
        }
        catch (Exception failure) when (
            failure is HttpOperationException or HttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            throw new DraException($"fetch ResourceClaim {name}: {failure.Message}");
        }
    }

    /// <summary>Asks one driver after the other; the claims with what they have prepared.</summary>
    private async Task<IReadOnlyList<ClaimRecord>> PrepareOpenAsync(
        IReadOnlyList<ClaimRecord> claims, CancellationToken cancellationToken)
    {
        var prepared = claims.ToDictionary(static c => c.Uid, StringComparer.Ordinal);
        foreach (var (driver, batch) in PodClaims.Batches(claims))
        {
            var answer = await _plugins.Get(driver).PrepareAsync(batch.Select(PodClaims.Asked), cancellationToken);
            PodClaims.RequireDone(
                "NodePrepareResources", batch,
                answer.Claims.ToDictionary(static c => c.Key, static c => c.Value.Error));
            foreach (var (uid, result) in answer.Claims)
            {
                prepared[uid] = PodClaims.WithDevices(prepared[uid], driver, result.Devices);
            }
        }

        return [.. prepared.Values];
    }

    private async Task TakeBackAsync(IReadOnlyList<ClaimRecord> claims, CancellationToken cancellationToken)
    {
        foreach (var (driver, batch) in PodClaims.Batches(claims))
        {
            var answer = await _plugins.Get(driver).UnprepareAsync(batch.Select(PodClaims.Asked), cancellationToken);
            PodClaims.RequireDone(
                "NodeUnprepareResources", batch,
                answer.Claims.ToDictionary(static c => c.Key, static c => c.Value.Error));
        }
    }

    private async Task UnprepareLostAsync(string uid, CancellationToken cancellationToken)
    {
        try
        {
            await _claims.LeaveAsync(uid, claims => TakeBackAsync(claims, cancellationToken), cancellationToken);
        }
        catch (DraException problem)
        {
            LogKept(uid, problem.Message);
        }
    }

    private async Task MeasureAsync(string operation, string about, Func<Task> act)
    {
        var started = _time.GetTimestamp();
        var isError = true;
        try
        {
            await act();
            isError = false;
        }
        catch (DraException problem)
        {
            throw new DraException($"{about}: {problem.Message}");
        }
        finally
        {
            _meters.DraOperations.Record(_time.GetElapsedTime(started), isError ? "true" : "false", operation);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "What pod {Uid} has claimed could not be taken back: {Problem}; trying again")]
    private partial void LogKept(string uid, string problem);
}
