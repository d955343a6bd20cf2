using System.Collections.Concurrent;
using System.ComponentModel;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Has drivers of CSI mount volumes for pods and unmount them, in upstream's steps and words: wait until the volume is
/// attached, stage it for the node, publish it for the pod. What is mounted is written down before the driver is
/// asked, so that it is taken down whatever happens; a node that starts again asks for everything anew, which drivers
/// answer with what is there. After a failure the driver is left alone for a while that grows, or until it is there;
/// who asks meanwhile hears the same again.
/// </summary>
public sealed class CsiVolumes(
    NodeAgentOptions options, PodPaths paths, IObjectReader objects, CsiDrivers drivers, CsiDevices devices,
    CsiAttachments attachments, CsiFacts facts, VolumeOwnership ownership, TimeProvider time)
{
    private const string SetUpStage = "MountVolume.SetUp";
    private const string DeviceStage = "MountVolume.MountDevice";
    private const string DefaultGroupPolicy = "ReadWriteOnceWithFSType";

    private readonly ConcurrentDictionary<(string Pod, string Name), CsiPublished> _published = new();
    private readonly ConcurrentDictionary<(string Pod, string Name), Failed> _failed = new();

    /// <summary>Raised when a volume has been published.</summary>
    public event Action? Changed;

    /// <summary>What is published, as far as this run of the agent has done it.</summary>
    public IReadOnlyCollection<CsiPublished> Published => [.. _published.Values];

    /// <summary>
    /// Mounts the volume, unless it is; returns where. Throws a <see cref="VolumeException"/> when it cannot be.
    /// </summary>
    public async Task<string> SetUpAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        var key = (mount.Pod.Metadata.Uid, mount.Name);
        if (_published.TryGetValue(key, out var known))
        {
            return known.Target;
        }

        var failed = _failed.GetValueOrDefault(key);
        if (time.GetSteadyTime() < failed?.Delay.Until && (failed.HadDriver || drivers.Find(mount.Driver) is null))
        {
            throw failed.Told;
        }

        try
        {
            var published = await MountAsync(mount, cancellationToken);
            _published[key] = published;
            _failed.TryRemove(key, out _);
            Changed?.Invoke();
            return published.Target;
        }
        catch (VolumeException told) when (!cancellationToken.IsCancellationRequested)
        {
            var named = mount.IsBlock ? BlockDevices.Named(told) : told;
            _failed[key] = new Failed(
                RetryDelay.After(failed?.Delay, time.GetSteadyTime()), named, drivers.Find(mount.Driver) is not null);
            throw named;
        }
    }

    /// <summary>
    /// Publishes again where the driver wants that; what is mounted stays mounted if it fails. Does nothing while the
    /// driver is asked for something else.
    /// </summary>
    public async Task RepublishAsync(CsiPublished published, CancellationToken cancellationToken)
    {
        if (!await published.Gate.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return;
        }

        try
        {
            var mount = published.Mount;
            if (published.IsGone || time.GetSteadyTime() - published.PublishedAt < CsiPublished.Period)
            {
                return;
            }

            var definition = await objects.GetCsiDriverAsync(mount.Driver, cancellationToken);
            published.PublishedAt = time.GetSteadyTime();
            if (definition?.Spec.RequiresRepublish == true)
            {
                await PublishAsync(mount, definition, published.Context, isFirst: false, cancellationToken);
            }
        }
        finally
        {
            published.Gate.Release();
        }
    }

    /// <summary>
    /// Unmounts all that a pod has of drivers. Tries each; throws what went wrong with the first that cannot be.
    /// </summary>
    public async Task TearDownAsync(string podUid, CancellationToken cancellationToken)
    {
        IOException? problem = null;
        var targets = paths.CsiTargets(podUid).ToList();
        foreach (var target in targets)
        {
            try
            {
                await UnmountAsync(podUid, target, cancellationToken);
            }
            catch (RpcException refusal) when (!cancellationToken.IsCancellationRequested)
            {
                problem ??= NotUnmounted(target, $"failed: {CriErrors.Text(refusal)}");
            }
            catch (IOException failure)
            {
                problem ??= failure;
            }
        }

        if (problem is not null)
        {
            throw problem;
        }

        foreach (var key in _failed.Keys.Where(k => k.Pod == podUid))
        {
            _failed.TryRemove(key, out _);
        }

        facts.Forget(podUid);
        devices.Release(podUid, targets.Count > 0);
    }

    private async Task<CsiPublished> MountAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        var definition = await objects.GetCsiDriverAsync(mount.Driver, cancellationToken);
        IDictionary<string, string> context = new Dictionary<string, string>();
        var growth = new CsiGrowth();
        if (mount.Persistent is not null)
        {
            var isAttachable = CsiAttachments.IsAttachable(definition);
            growth = await devices.UseAsync(mount, isAttachable, cancellationToken);
            context = isAttachable ? await attachments.WaitAsync(mount, cancellationToken) : context;
            await StageAsync(mount, context, cancellationToken);
        }

        await PublishAsync(mount, definition, context, isFirst: true, cancellationToken);
        if (mount.IsBlock)
        {
            BlockDevices.Find(TargetOf(mount));
        }

        return new CsiPublished(mount, TargetOf(mount), context, growth) { PublishedAt = time.GetSteadyTime() };
    }

    private async Task StageAsync(
        CsiMount mount, IDictionary<string, string> context, CancellationToken cancellationToken)
    {
        var step = mount.IsBlock
            ? "blockMapper.SetUpDevice failed to get CSI client"
            : "attacher.MountDevice failed to create newCsiDriverClient";
        var driver = drivers.Find(mount.Driver)
            ?? throw new VolumeException($"kubernetes.io/csi: {step}: {CsiDrivers.NotFound(mount.Driver)}")
            {
                Stage = DeviceStage,
            };
        try
        {
            await devices.StageAsync(
                mount, driver, () => StageRequestAsync(mount, driver, context, cancellationToken), cancellationToken);
        }
        catch (RpcException refusal) when (!cancellationToken.IsCancellationRequested)
        {
            throw new VolumeException(CriErrors.Text(refusal)) { Stage = DeviceStage };
        }
        catch (VolumeException problem) when (problem.Stage != DeviceStage)
        {
            throw new VolumeException(problem.Message) { Stage = DeviceStage };
        }
    }

    /// <summary>Null for a driver that does not stage.</summary>
    private async Task<NodeStageVolumeRequest?> StageRequestAsync(
        CsiMount mount, CsiDriver driver, IDictionary<string, string> context, CancellationToken cancellationToken)
    {
        var abilities = await driver.AbilitiesAsync(cancellationToken);
        if (!abilities.Contains(Ability.StageUnstageVolume))
        {
            return null;
        }

        var secrets = await facts.SecretsAsync(
            mount.Persistent!.Spec.Csi.NodeStageSecretRef, "NodeStageSecretRef", cancellationToken);
        return new NodeStageVolumeRequest
        {
            VolumeId = mount.Handle,
            StagingTargetPath = devices.StagingOf(mount),
            VolumeCapability = mount.Capability(abilities, mount.FsGroup),
            PublishContext = { context },
            Secrets = { secrets },
            VolumeContext = { mount.Attributes },
        };
    }

    private async Task PublishAsync(
        CsiMount mount, V1CSIDriver? definition, IDictionary<string, string> context, bool isFirst,
        CancellationToken cancellationToken)
    {
        var step = mount.IsBlock ? "blockMapper.MapPodDevice" : "mounter.SetUpAt";
        var driver = drivers.Find(mount.Driver) ?? throw new VolumeException(
            $"kubernetes.io/csi: {step} failed to get CSI client: {CsiDrivers.NotFound(mount.Driver)}");
        RequireLifecycleMode(mount, definition);
        var policy = GroupPolicy(definition);
        var target = TargetOf(mount);
        try
        {
            var abilities = await driver.AbilitiesAsync(cancellationToken);
            var request = await PublishRequestAsync(mount, definition, context, abilities, cancellationToken);
            CsiPlaces.Write(target, DataOf(mount));
            await driver.PublishAsync(request, cancellationToken);
            if (!abilities.Contains(Ability.VolumeMountGroup) && mount.IsGivenToGroup(policy))
            {
                GiveToGroup(mount, target);
            }
        }
        catch (RpcException refusal) when (!cancellationToken.IsCancellationRequested)
        {
            if (isFirst && CsiDriver.IsFinal(refusal))
            {
                CsiPlaces.Remove(target);
            }

            throw new VolumeException(CriErrors.Text(refusal)) { Stage = SetUpStage };
        }
    }

    private async Task<NodePublishVolumeRequest> PublishRequestAsync(
        CsiMount mount, V1CSIDriver? definition, IDictionary<string, string> context, IReadOnlySet<Ability> abilities,
        CancellationToken cancellationToken)
    {
        var isStaged = mount.Persistent is not null && abilities.Contains(Ability.StageUnstageVolume);
        var secrets = await facts.SecretsAsync(mount.PublishSecret, "NodePublishSecretRef", cancellationToken);
        var attributes = CsiFacts.Context(mount, definition);
        await facts.AddTokensAsync(mount, definition, attributes, secrets, cancellationToken);
        return new NodePublishVolumeRequest
        {
            VolumeId = mount.Handle,
            TargetPath = TargetOf(mount),
            StagingTargetPath = isStaged ? devices.StagingOf(mount) : "",
            Readonly = mount.IsReadOnly,
            VolumeCapability = mount.Capability(abilities, mount.FsGroup),
            PublishContext = { context },
            Secrets = { secrets },
            VolumeContext = { attributes },
        };
    }

    private void GiveToGroup(CsiMount mount, string target)
    {
        try
        {
            using var directory = HeldDirectory.Open(target);
            ownership.Give(directory, mount.Pod, target);
        }
        catch (Exception failure) when (failure is IOException or Win32Exception or UnauthorizedAccessException)
        {
            throw new VolumeException($"applyFSGroup failed for vol {mount.Handle}: {failure.Message}");
        }
    }

    /// <summary>A driver of which the cluster knows nothing has persistent volumes only.</summary>
    private static void RequireLifecycleMode(CsiMount mount, V1CSIDriver? definition)
    {
        var (mode, modes) = (mount.LifecycleMode, definition?.Spec.VolumeLifecycleModes);
        if (definition is null ? mount.Persistent is null : modes?.Contains(mode) != true)
        {
            var supported = definition is null
                ? "no CSIDriver object"
                : $"only supports [{string.Join(' ', (modes ?? []).Select(GoQuotes.Quote))}]";
            throw new VolumeException(
                "kubernetes.io/csi: mounter.SetupAt failed to check volume lifecycle mode: volume mode " +
                $"{GoQuotes.Quote(mode)} not supported by driver {mount.Driver} ({supported})");
        }
    }

    private static string GroupPolicy(V1CSIDriver? definition) => definition is null
        ? DefaultGroupPolicy
        : definition.Spec.FsGroupPolicy is { Length: > 0 } policy
            ? policy
            : throw new VolumeException(
                "kubernetes.io/csi: mounter.SetupAt failed to check fsGroup policy: kubernetes.io/csi: expected " +
                "valid fsGroupPolicy, received nil value or empty string");

    private async Task UnmountAsync(string podUid, string target, CancellationToken cancellationToken)
    {
        if (CsiPlaces.Read(target) is not { } data)
        {
            return; // nothing was asked for
        }

        var known = _published.GetValueOrDefault((podUid, data.Name ?? ""));
        await (known?.Gate.WaitAsync(cancellationToken) ?? Task.CompletedTask);
        try
        {
            var driver = drivers.Find(data.Driver)
                ?? throw NotUnmounted(target, $"failed to get CSI client: {CsiDrivers.NotFound(data.Driver)}");
            await driver.UnpublishAsync(
                new NodeUnpublishVolumeRequest { VolumeId = data.Handle, TargetPath = target }, cancellationToken);
            if (!CsiPlaces.Remove(target))
            {
                throw NotUnmounted(target, $"failed to clean mount dir [{target}]: it is in use, or holds something");
            }

            if (known is not null)
            {
                known.IsGone = true;
                _published.TryRemove((podUid, known.Mount.Name), out _);
            }
        }
        finally
        {
            known?.Gate.Release();
        }
    }

    private static IOException NotUnmounted(string target, string problem)
    {
        var name = Path.GetFileName(Path.GetDirectoryName(target));
        return new IOException(
            $"UnmountVolume.TearDown failed for volume \"{name}\" : kubernetes.io/csi: Unmounter.TearDownAt {problem}");
    }

    private string TargetOf(CsiMount mount) => CsiPlaces.Target(
        mount.IsBlock
            ? paths.CsiDevice(mount.Pod.Metadata.Uid, mount.Name)
            : paths.CsiVolume(mount.Pod.Metadata.Uid, mount.Name));

    private CsiVolumeData DataOf(CsiMount mount) => new()
    {
        Driver = mount.Driver,
        Handle = mount.Handle,
        Name = mount.Name,
        LifecycleMode = mount.LifecycleMode,
        Node = options.NodeName,
        Attachment = CsiPlaces.AttachmentName(mount.Handle, mount.Driver, options.NodeName),
    };

    /// <summary>A mount that failed, what was told of it, and whether its driver was there.</summary>
    private sealed record Failed(RetryDelay Delay, VolumeException Told, bool HadDriver);
}

/// <summary>A volume that a driver has published for a pod.</summary>
/// <param name="mount">What was asked for.</param>
/// <param name="target">Where it is.</param>
/// <param name="context">What the attachment told.</param>
/// <param name="growth">The volume's, whichever pod has it.</param>
public sealed class CsiPublished(
    CsiMount mount, string target, IDictionary<string, string> context, CsiGrowth growth)
{
    /// <summary>How often the node looks whether there is something to do for it, as upstream does.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    public CsiMount Mount => mount;

    public string Target => target;

    public IDictionary<string, string> Context => context;

    public CsiGrowth Growth => growth;

    /// <summary>Held while the driver is asked for something.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>When it was published, or asked whether it is to be again.</summary>
    public SteadyTime PublishedAt { get; set; }

    /// <summary>When its size was looked at; null when it has yet to be.</summary>
    public SteadyTime? LookedAt { get; set; }

    /// <summary>How full it was then; null where that is not known.</summary>
    public CsiUsed? Used { get; set; }

    /// <summary>When expanding it is to be tried again; null when it is not, or not through this pod.</summary>
    public SteadyTime? RetryAt => IsGone || mount.IsReadOnly ? null : growth.NotExpanded?.Until;

    public bool IsGone { get; set; }
}
