using System.Security.Cryptography;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Storage.VolumeAttachments;

/// <summary>A volume that pods of a node want attached.</summary>
internal sealed record WantedVolume(V1PersistentVolume Volume, IReadOnlyList<V1Pod> Pods);

/// <summary>An attachment of ours, and the volume that it is of.</summary>
internal sealed record KnownAttachment(V1VolumeAttachment Attachment, V1PersistentVolume Volume)
{
    public bool IsAttached => Attachment is { Metadata.DeletionTimestamp: null, Status.Attached: true };
}

/// <summary>What is known of one node's attachments.</summary>
internal sealed record AttachmentsObserved
{
    public required string NodeName { get; init; }

    /// <summary>Null when there is no such Node.</summary>
    public V1Node? Node { get; init; }

    /// <summary>As it was at its end, when there is no such Node any more; null when nobody saw that.</summary>
    public V1Node? LastNode { get; init; }

    public IReadOnlyList<WantedVolume> Wanted { get; init; } = [];

    /// <summary>Attachments to the node.</summary>
    public IReadOnlyList<KnownAttachment> Known { get; init; } = [];

    /// <summary>Attachments of the wanted volumes to other nodes.</summary>
    public IReadOnlyList<KnownAttachment> Elsewhere { get; init; } = [];

    /// <summary>Since when attachments, by name, have not been wanted any more.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> UnwantedSince { get; init; } =
        new Dictionary<string, DateTimeOffset>();

    public required DateTimeOffset Now { get; init; }
}

/// <summary>What to do for a node; the report first, so that nobody mounts what is about to be detached.</summary>
internal sealed record AttachmentsPlan
{
    public IReadOnlyList<V1VolumeAttachment> Attach { get; init; } = [];

    public IReadOnlyList<KnownAttachment> Detach { get; init; } = [];

    /// <summary>What the Node's status is to name as attached.</summary>
    public IReadOnlyList<string> Report { get; init; } = [];

    /// <summary>Attachments that nobody wants, and that are still mounted.</summary>
    public IReadOnlyList<string> Unwanted { get; init; } = [];

    /// <summary>Volumes for one node that another node has attached.</summary>
    public IReadOnlyList<WantedVolume> Conflicts { get; init; } = [];

    /// <summary>Volumes that wait until another node has let them go.</summary>
    public IReadOnlyList<string> Waiting { get; init; } = [];

    /// <summary>When to look again though nothing changes.</summary>
    public DateTimeOffset? LookAgainAt { get; init; }
}

/// <summary>
/// Which CSI volumes are attached to a node and which are let go, by the rules of upstream's attach/detach controller.
/// </summary>
internal static class AttachmentPlanner
{
    /// <summary>On a Node: attaching is the cluster's, not the node's.</summary>
    public const string ManagedAnnotation = "volumes.kubernetes.io/controller-managed-attach-detach";

    /// <summary>On a Node, <c>true</c>: volumes of ended pods stay attached until the pods are gone.</summary>
    public const string KeepAnnotation = "volumes.kubernetes.io/keep-terminated-pod-volumes";

    /// <summary>How long a node that is not ready may keep mounted what is to be detached.</summary>
    public static readonly TimeSpan MaxWaitForUnmount = TimeSpan.FromMinutes(6);

    /// <summary>How long a driver may say nothing before that is told; upstream's <c>csiTimeout</c>.</summary>
    public static readonly TimeSpan AttachTimeout = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MostRetry = TimeSpan.FromSeconds(122);

    private const string OutOfService = "node.kubernetes.io/out-of-service";

    /// <summary>How long it is waited after a failure, by how long it was before; as upstream does.</summary>
    public static TimeSpan RetryAfter(TimeSpan? last) =>
        last is not { } before ? FirstRetry : before * 2 < MostRetry ? before * 2 : MostRetry;

    public static AttachmentsPlan Compute(AttachmentsObserved observed)
    {
        var wanted =
            (observed.Node ?? observed.LastNode)?.Metadata.Annotations?.ContainsKey(ManagedAnnotation) == true
                ? observed.Wanted : [];
        var names = wanted.Select(w => w.Volume.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var unwanted = observed.Known.Where(
            k => k.Attachment.Metadata.DeletionTimestamp is null && !names.Contains(k.Volume.Metadata.Name)).ToList();
        var detach = unwanted.Where(k => MayDetach(k, observed)).ToList();
        var kept = unwanted.Except(detach).ToList();
        var attached = observed.Known.Select(k => k.Volume.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var missing = observed.Node is null
            ? [] : wanted.Where(w => !attached.Contains(w.Volume.Metadata.Name)).ToList();
        var blocked = missing.Where(w => !MayBeShared(w.Volume) && Others(w, observed).Any()).ToList();
        return new AttachmentsPlan
        {
            Attach = [.. missing.Except(blocked).Select(w => New(w.Volume, observed.NodeName))],
            Detach = detach,
            Report =
            [
                .. observed.Known.Where(k => k.IsAttached && !detach.Contains(k))
                    .Select(k => UniqueName(k.Volume)).Order(StringComparer.Ordinal),
            ],
            Unwanted = [.. kept.Select(k => k.Attachment.Metadata.Name)],
            Conflicts = [.. blocked.Where(w => Others(w, observed).Any(o => o.IsAttached))],
            Waiting = [.. blocked.Select(w => w.Volume.Metadata.Name)],
            LookAgainAt = kept.Count == 0 ? null : kept.Min(k => Since(k, observed)) + MaxWaitForUnmount is var due
                && due > observed.Now ? due : null,
        };
    }

    /// <summary>True when a driver attaches the volume; without a CSIDriver it is taken to.</summary>
    public static bool IsAttachable(V1PersistentVolume volume, V1CSIDriver? driver) =>
        volume.Spec.Csi is not null && driver?.Spec.AttachRequired != false;

    /// <summary>The name of the attachment of a volume to a node, as the drivers' sidecars know it.</summary>
    public static string NameFor(V1PersistentVolume volume, string node)
    {
        var csi = volume.Spec.Csi;
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{csi.VolumeHandle}{csi.Driver}{node}"));
        return $"csi-{Convert.ToHexStringLower(hash)}";
    }

    /// <summary>How a Node's status names a volume.</summary>
    public static string UniqueName(V1PersistentVolume volume) =>
        $"kubernetes.io/csi/{volume.Spec.Csi.Driver}^{volume.Spec.Csi.VolumeHandle}";

    /// <summary>The node's agent leaves volumes mounted when their pods have ended.</summary>
    public static bool KeepsEnded(V1Node? node) => node?.GetAnnotation(KeepAnnotation) == "true";

    /// <summary>Upstream's: the pod has ended, or is going and nothing of it runs.</summary>
    public static bool IsTerminated(V1Pod pod) =>
        pod.Status?.Phase is "Failed" or "Succeeded"
        || (pod.Metadata.DeletionTimestamp is not null && (pod.Status?.ContainerStatuses ?? []).All(
            s => s.State?.Terminated is not null || s.State?.Waiting is not null));

    /// <summary>What is told of a driver that does not say whether it has attached a volume.</summary>
    public static string TimeoutMessage(V1PersistentVolume volume) =>
        $"timed out waiting for external-attacher of {volume.Spec.Csi.Driver} CSI driver "
        + $"to attach volume {volume.Spec.Csi.VolumeHandle}";

    /// <summary>What a pod is told whose volume another node has.</summary>
    /// <param name="volume">Its name.</param>
    /// <param name="pod">Who is told: names of other namespaces are not for it.</param>
    /// <param name="users">Pods that use the volume on other nodes.</param>
    public static string ConflictMessage(string volume, V1Pod pod, IReadOnlyList<V1Pod> users)
    {
        var near = users.Where(u => u.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty)
            .Select(u => u.Metadata.Name).ToList();
        var far = users.Count - near.Count;
        var elsewhere = $"{far} pod(s) in different namespaces";
        var who = users.Count == 0
            ? "Volume is already exclusively attached to one node and can't be attached to another"
            : near.Count == 0 ? $"Volume is already used by {elsewhere}"
            : $"Volume is already used by pod(s) {string.Join(", ", near)}" + (far > 0 ? $" and {elsewhere}" : "");
        return $"Multi-Attach error for volume \"{volume}\" {who}";
    }

    /// <summary>
    /// What the node still has mounted stays, unless it is out of service, or not ready and has had its time.
    /// </summary>
    private static bool MayDetach(KnownAttachment known, AttachmentsObserved observed) =>
        !IsMounted(known, observed.Node ?? observed.LastNode)
        || observed.Node?.Spec?.Taints?.Any(t => t.Key == OutOfService) == true
        || (!IsReady(observed.Node) && observed.Now - Since(known, observed) >= MaxWaitForUnmount);

    /// <summary>By what the node says, or said last; of one that nobody knows it is taken to be.</summary>
    private static bool IsMounted(KnownAttachment known, V1Node? node) =>
        node is null || node.Status?.VolumesInUse?.Contains(UniqueName(known.Volume)) == true;

    private static DateTimeOffset Since(KnownAttachment known, AttachmentsObserved observed) =>
        observed.UnwantedSince.GetValueOrDefault(known.Attachment.Metadata.Name, observed.Now);

    private static bool IsReady(V1Node? node) =>
        node?.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;

    /// <summary>Without any mode nobody knows: the driver then says.</summary>
    private static bool MayBeShared(V1PersistentVolume volume) =>
        volume.Spec.AccessModes is not { Count: > 0 } modes
        || modes.Contains("ReadWriteMany") || modes.Contains("ReadOnlyMany");

    private static IEnumerable<KnownAttachment> Others(WantedVolume wanted, AttachmentsObserved observed) =>
        observed.Elsewhere.Where(o => o.Volume.Metadata.Name == wanted.Volume.Metadata.Name);

    private static V1VolumeAttachment New(V1PersistentVolume volume, string node) => new()
    {
        Metadata = new V1ObjectMeta { Name = NameFor(volume, node) },
        Spec = new V1VolumeAttachmentSpec
        {
            Attacher = volume.Spec.Csi.Driver,
            NodeName = node,
            Source = new V1VolumeAttachmentSource { PersistentVolumeName = volume.Metadata.Name },
        },
    };
}
