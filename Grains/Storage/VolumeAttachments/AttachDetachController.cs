using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Storage.VolumeAttachments;

/// <summary>
/// Writes the VolumeAttachments that CSI drivers act on, one node after the other, so that of two nodes that want one
/// volume the second sees what was written for the first. What must not be forgotten is in the API; kept here are only
/// since when something is not wanted, what was told already, and what nodes that are gone had mounted: who does not
/// know that takes all of it for mounted, and waits.
/// </summary>
public sealed class AttachDetachController : IController
{
    public const string Name = "attachdetach-controller";

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RetryQueue<string> _queue;
    private readonly SemaphoreSlim _visiting = new(1, 1);
    private readonly AttachmentIndex _index = new();
    private readonly Dictionary<string, DateTimeOffset> _unwantedSince = new(StringComparer.Ordinal);

    /// <summary>Attachments that are not attached yet, and since when nothing has been heard of them.</summary>
    private readonly Dictionary<string, DateTimeOffset> _awaited = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Failure> _failures = new(StringComparer.Ordinal);

    /// <summary>By node, the attachments that were there or wanted when it was visited last.</summary>
    private readonly Dictionary<string, IReadOnlySet<string>> _present = new(StringComparer.Ordinal);
    private readonly HashSet<(string Node, string Volume)> _conflicts = [];
    private readonly ConcurrentDictionary<string, V1Node> _gone = new(StringComparer.Ordinal);

    public AttachDetachController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(Name));
        _events = services.Events.For(Name);
        _options = services.Options;
        _time = services.Time;
        _logger = services.Logger<AttachDetachController>();
        _queue = new RetryQueue<string>(FirstRetry, LongestRetry, _time);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunAsync(
        [
            .. AttachmentIndex.Followed.Select(
                r => (Func<CancellationToken, Task>)(token => FollowAsync(r, token))),
            token => _queue.RunAsync(1, WorkAsync, Failures.Teller<string>(_logger, Name), token),
        ],
        cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var attachments = await _client.ListAsync<V1VolumeAttachment>(
            ResourceOf<V1VolumeAttachment>.Query(), cancellationToken);
        var pods = await _client.ListAsync(ResourceOf<V1Pod>.Query(), cancellationToken);
        var nodes = attachments.Select(a => a.Spec.NodeName).Concat(
            pods.Items.Where(p => PodClaims.MayHaveAny(p.Json.Span)).Select(p => PodFacts.Of(p).NodeName));
        var failures = new Failures();
        foreach (var node in nodes.Where(n => n is { Length: > 0 }).Distinct(StringComparer.Ordinal).ToList())
        {
            await failures.TryAsync(() => VisitAsync(node!, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    /// <summary>Brings the attachments of one node to what its pods want.</summary>
    internal async Task VisitAsync(string node, CancellationToken cancellationToken)
    {
        await _visiting.WaitAsync(cancellationToken);
        try
        {
            var observed = await ObserveAsync(node, cancellationToken);
            var plan = AttachmentPlanner.Compute(observed);
            Remember(plan, observed);
            await ReportAsync(plan, observed.Node, cancellationToken);
            foreach (var known in plan.Detach)
            {
                Expect(await _client.DeleteAsync(known.Attachment, cancellationToken), StatusReasons.NotFound);
            }

            foreach (var attachment in plan.Attach)
            {
                Expect(await _client.CreateAsync(attachment, cancellationToken), StatusReasons.AlreadyExists);
            }

            await TellAsync(plan, observed, cancellationToken);
            if (plan.LookAgainAt is { } due)
            {
                _queue.Add(node, due - _time.GetUtcNow());
            }
        }
        finally
        {
            _visiting.Release();
        }
    }

    private async Task FollowAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(resource, _options, cancellationToken))
        {
            Notice(resource, change);
        }
    }

    internal void Notice(ResourceName resource, ResourceChange change)
    {
        var nodes = _index.Apply(resource, change);
        if (resource == WellKnown.Nodes)
        {
            NoteEnd(change, isConcerned: nodes.Count > 0);
        }

        foreach (var node in nodes)
        {
            _queue.Add(node);
        }
    }

    private void NoteEnd(ResourceChange change, bool isConcerned)
    {
        var name = change.Object.Key.Name;
        if (change.Kind != ChangeKind.Deleted)
        {
            _gone.TryRemove(name, out _);
        }
        else if (isConcerned)
        {
            _gone[name] = change.Object.As<V1Node>();
        }
    }

    private async Task<TimeSpan?> WorkAsync(string node, CancellationToken cancellationToken)
    {
        await VisitAsync(node, cancellationToken);
        return null;
    }

    private async Task<AttachmentsObserved> ObserveAsync(string name, CancellationToken cancellationToken)
    {
        var node = await FindAsync<V1Node>("", name, cancellationToken);
        var wanted = await WantedAsync(name, AttachmentPlanner.KeepsEnded(node), cancellationToken);
        var names = wanted.Select(w => w.Volume.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var known = new List<KnownAttachment>();
        var elsewhere = new List<KnownAttachment>();
        foreach (var attachment in await AttachmentsAsync(cancellationToken))
        {
            var isHere = attachment.Spec.NodeName == name;
            var volumeName = attachment.Spec.Source?.PersistentVolumeName;
            if (volumeName is not null && (isHere || names.Contains(volumeName))
                && await FindAsync<V1PersistentVolume>("", volumeName, cancellationToken) is
                    { Spec.Csi: not null } volume
                && attachment.Metadata.Name == AttachmentPlanner.NameFor(volume, attachment.Spec.NodeName))
            {
                (isHere ? known : elsewhere).Add(new KnownAttachment(attachment, volume));
            }
        }

        return new AttachmentsObserved
        {
            NodeName = name, Node = node, LastNode = node is null ? LastOf(name, known) : null, Wanted = wanted,
            Known = known, Elsewhere = elsewhere, UnwantedSince = _unwantedSince, Now = _time.GetUtcNow(),
        };
    }

    /// <summary>Forgets a node of which nothing is attached any more.</summary>
    private V1Node? LastOf(string name, List<KnownAttachment> known)
    {
        if (known.Count == 0)
        {
            _gone.TryRemove(name, out _);
        }

        return _gone.GetValueOrDefault(name);
    }

    private ValueTask<IReadOnlyList<V1VolumeAttachment>> AttachmentsAsync(CancellationToken cancellationToken) =>
        _client.ListAsync<V1VolumeAttachment>(
            ResourceOf<V1VolumeAttachment>.Query() with { Freshness = ReadFreshness.Linearizable }, cancellationToken);

    /// <summary>The attachable volumes of the node's pods, with the pods of each.</summary>
    private async Task<IReadOnlyList<WantedVolume>> WantedAsync(
        string node, bool keepsEnded, CancellationToken cancellationToken)
    {
        var wanted =
            new SortedDictionary<string, (V1PersistentVolume Volume, List<V1Pod> Pods)>(StringComparer.Ordinal);
        foreach (var pod in (await PodsAsync(node, cancellationToken))
            .Where(p => keepsEnded || !AttachmentPlanner.IsTerminated(p)))
        {
            foreach (var volume in await VolumesAsync(pod, cancellationToken))
            {
                wanted.TryAdd(volume.Metadata.Name, (volume, []));
                wanted[volume.Metadata.Name].Pods.Add(pod);
            }
        }

        return [.. wanted.Values.Select(w => new WantedVolume(w.Volume, w.Pods))];
    }

    private async Task<IEnumerable<V1Pod>> PodsAsync(string node, CancellationToken cancellationToken)
    {
        var pods = await _client.ListAsync(
            ResourceOf<V1Pod>.Query() with
            {
                FieldSelector = $"spec.nodeName={node}", Freshness = ReadFreshness.Linearizable,
            },
            cancellationToken);
        return pods.Items.Where(p => PodClaims.MayHaveAny(p.Json.Span)).Select(p => p.As<V1Pod>());
    }

    private async Task<IReadOnlyList<V1PersistentVolume>> VolumesAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var volumes = new List<V1PersistentVolume>();
        foreach (var use in PodClaims.Of(pod))
        {
            var claim = await FindAsync<V1PersistentVolumeClaim>(
                pod.Metadata.NamespaceProperty, use.Name, cancellationToken);
            if (claim?.Spec.VolumeName is { Length: > 0 } name && PodClaims.Uses(pod, claim)
                && await FindAsync<V1PersistentVolume>("", name, cancellationToken) is { Spec.Csi: { } csi } volume
                && volume.Spec.ClaimRef?.Uid == claim.Metadata.Uid
                && AttachmentPlanner.IsAttachable(
                    volume, await FindAsync<V1CSIDriver>("", csi.Driver, cancellationToken)))
            {
                volumes.Add(volume);
            }
        }

        return volumes;
    }

    private async Task<T?> FindAsync<T>(string space, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var read = await _client.GetAsync<T>(
            new ObjectKey(space, name), ReadFreshness.Linearizable, cancellationToken);
        return read.OrNull($"attachments, {ResourceOf<T>.Name} {name}");
    }

    private void Remember(AttachmentsPlan plan, AttachmentsObserved observed)
    {
        foreach (var known in observed.Known.Where(k => !plan.Unwanted.Contains(k.Attachment.Metadata.Name)))
        {
            _unwantedSince.Remove(known.Attachment.Metadata.Name);
        }

        foreach (var name in plan.Unwanted)
        {
            _unwantedSince.TryAdd(name, observed.Now);
        }

        Forget(observed);
        _index.SetWaiting(observed.NodeName, plan.Waiting);
    }

    /// <summary>Forgets the node's attachments that are neither there nor wanted any more.</summary>
    private void Forget(AttachmentsObserved observed)
    {
        var present = observed.Known.Select(k => k.Attachment.Metadata.Name)
            .Concat(observed.Wanted.Select(w => AttachmentPlanner.NameFor(w.Volume, observed.NodeName)))
            .ToHashSet(StringComparer.Ordinal);
        if (_present.Remove(observed.NodeName, out var before))
        {
            foreach (var gone in before.Where(n => !present.Contains(n)))
            {
                _awaited.Remove(gone);
                _failures.Remove(gone);
                _unwantedSince.Remove(gone);
            }
        }

        if (present.Count > 0)
        {
            _present[observed.NodeName] = present;
        }
    }

    private async Task ReportAsync(AttachmentsPlan plan, V1Node? node, CancellationToken cancellationToken)
    {
        var before = (node?.Status?.VolumesAttached ?? []).Select(v => v.Name).Order(StringComparer.Ordinal);
        if (node is null || before.SequenceEqual(plan.Report))
        {
            return;
        }

        var volumes = plan.Report.Select(
            n => (JsonNode)new JsonObject { ["name"] = n, ["devicePath"] = "" }).ToArray();
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = node.Metadata.Uid },
            ["status"] = new JsonObject
            {
                ["volumesAttached"] = volumes.Length == 0 ? null : new JsonArray(volumes),
            },
        };
        Expect(
            await _client.PatchStatusAsync<V1Node>(node.Key(), patch, cancellationToken),
            StatusReasons.NotFound);
    }

    private async Task TellAsync(
        AttachmentsPlan plan, AttachmentsObserved observed, CancellationToken cancellationToken)
    {
        foreach (var wanted in observed.Wanted)
        {
            var name = wanted.Volume.Metadata.Name;
            if (!plan.Conflicts.Contains(wanted))
            {
                _conflicts.Remove((observed.NodeName, name));
            }
            else if (_conflicts.Add((observed.NodeName, name)))
            {
                var users = await UsersAsync(name, observed, cancellationToken);
                Tell(wanted, "Warning", "FailedAttachVolume", p => AttachmentPlanner.ConflictMessage(name, p, users));
            }

            var known = observed.Known.FirstOrDefault(k => k.Volume.Metadata.Name == name);
            TellOutcome(wanted, known, observed);
        }
    }

    /// <summary>What was attached before this controller began is no news.</summary>
    private void TellOutcome(WantedVolume wanted, KnownAttachment? known, AttachmentsObserved observed)
    {
        var name = AttachmentPlanner.NameFor(wanted.Volume, observed.NodeName);
        if (known?.IsAttached == true)
        {
            if (_awaited.Remove(name))
            {
                _failures.Remove(name);
                var message = $"AttachVolume.Attach succeeded for volume \"{wanted.Volume.Metadata.Name}\" ";
                Tell(wanted, "Normal", "SuccessfulAttachVolume", _ => message);
            }
        }
        else if (known is null || known.Attachment.Status?.AttachError is not null)
        {
            _awaited[name] = observed.Now;
            if (known is not null)
            {
                TellFailure(wanted, name, known.Attachment.Status.AttachError.Message ?? "", observed);
            }
        }
        else if (known.Attachment.Metadata.DeletionTimestamp is null)
        {
            TellOfSilence(wanted, name, observed);
        }
    }

    /// <summary>What stays is told again after half a second, and twice as long each time, as upstream does.</summary>
    private void TellFailure(WantedVolume wanted, string name, string message, AttachmentsObserved observed)
    {
        var last = _failures.GetValueOrDefault(name);
        if (last is null || last.Message != message || observed.Now >= last.Again)
        {
            var delay = AttachmentPlanner.RetryAfter(last?.Delay);
            _failures[name] = new Failure(message, delay, observed.Now + delay);
            Fail(wanted, message);
        }

        _queue.Add(observed.NodeName, _failures[name].Again - observed.Now);
    }

    private void Fail(WantedVolume wanted, string failure) => Tell(
        wanted, "Warning", "FailedAttachVolume",
        _ => $"AttachVolume.Attach failed for volume \"{wanted.Volume.Metadata.Name}\" : {failure}");

    /// <summary>As upstream, a driver that says nothing is waited for again and again, and told of each time.</summary>
    private void TellOfSilence(WantedVolume wanted, string name, AttachmentsObserved observed)
    {
        _awaited.TryAdd(name, observed.Now);
        if (observed.Now - _awaited[name] >= AttachmentPlanner.AttachTimeout)
        {
            _awaited[name] = observed.Now;
            Fail(wanted, AttachmentPlanner.TimeoutMessage(wanted.Volume));
        }

        _queue.Add(observed.NodeName, _awaited[name] + AttachmentPlanner.AttachTimeout - observed.Now);
    }

    private void Tell(WantedVolume wanted, string type, string reason, Func<V1Pod, string> message) =>
        _events.Record(wanted.Pods.Select(p => new EventNote(EventNote.Refer(p), type, reason, message(p))));

    private async Task<IReadOnlyList<V1Pod>> UsersAsync(
        string volume, AttachmentsObserved observed, CancellationToken cancellationToken)
    {
        var users = new List<V1Pod>();
        var nodes = observed.Elsewhere.Where(e => e.Volume.Metadata.Name == volume)
            .Select(e => e.Attachment.Spec.NodeName);
        foreach (var node in nodes.Distinct(StringComparer.Ordinal))
        {
            var keepsEnded = AttachmentPlanner.KeepsEnded(await FindAsync<V1Node>("", node, cancellationToken));
            var wanted = await WantedAsync(node, keepsEnded, cancellationToken);
            users.AddRange(wanted.Where(w => w.Volume.Metadata.Name == volume).SelectMany(w => w.Pods));
        }

        return users;
    }

    private static void Expect(Outcome<ResourceObject> outcome, string fineToo) =>
        outcome.ThrowIfRefused("volume attachments", fineToo);

    /// <summary>A failure that was told.</summary>
    /// <param name="Message">What the driver said.</param>
    /// <param name="Delay">How long it is waited before it is told again.</param>
    /// <param name="Again">When that is.</param>
    private sealed record Failure(string Message, TimeSpan Delay, DateTimeOffset Again);
}
