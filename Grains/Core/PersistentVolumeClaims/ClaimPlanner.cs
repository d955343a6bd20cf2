using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumeClaims;

/// <summary>What a claim finds.</summary>
public sealed record ClaimObserved
{
    public required V1PersistentVolumeClaim Claim { get; init; }

    /// <summary>The volume that the claim names; of a claim that names none, all volumes.</summary>
    public IReadOnlyList<V1PersistentVolume> Volumes { get; init; } = [];

    /// <summary>The claim's class; null when there is none of that name.</summary>
    public V1StorageClass? Class { get; init; }

    /// <summary>The class that claims without one get.</summary>
    public string? DefaultClass { get; init; }

    /// <summary>Names of pods that use the claim, are not finished and have no node yet.</summary>
    public IReadOnlyList<string> WaitingPods { get; init; } = [];
}

/// <summary>What a claim must do.</summary>
public sealed record ClaimPlan
{
    /// <summary>Bind to this volume, or finish doing so.</summary>
    public V1PersistentVolume? Bind { get; init; }

    /// <summary>The claim has no class, and gets this one.</summary>
    public string? AssignClass { get; init; }

    /// <summary>Who is asked to make a volume.</summary>
    public string? Provisioner { get; init; }

    /// <summary>The phase of a claim without a volume; null to leave it.</summary>
    public string? Phase { get; init; }

    /// <summary>True when a phase is worth its event only when it is new.</summary>
    public bool OnlyWhenNew { get; init; }

    public IReadOnlyList<EventNote> Notes { get; init; } = [];

    /// <summary>Nothing says when there will be a volume: look again from time to time.</summary>
    public bool IsWaiting => Phase == ClaimPlanner.Pending;
}

/// <summary>The decisions of a claim: which volume, or who is to make one, or what it has lost.</summary>
public static class ClaimPlanner
{
    internal const string Pending = "Pending";

    public static ClaimPlan Compute(ClaimObserved observed)
    {
        var claim = observed.Claim;
        var isNamed = !string.IsNullOrEmpty(claim.Spec.VolumeName);
        var named = isNamed && observed.Volumes is [var only] ? only : null;
        return claim.Has(VolumeAnnotations.BindCompleted) ? Bound(claim, named, isNamed)
            : isNamed ? Named(claim, named)
            : Unnamed(observed);
    }

    /// <summary>Who makes a volume larger that is not ours is outside.</summary>
    public static EventNote Expand(V1PersistentVolumeClaim claim, V1PersistentVolume volume)
    {
        const string reason = "ExternalExpanding";
        const string waiting = "waiting for an external controller to expand this PVC";
        return VolumePlugins.MigratedOf(volume) is { } migrated
            ? EventNote.Normal(
                claim,
                reason,
                $"CSI migration enabled for {migrated.Plugin}; waiting for external resizer to expand the pvc")
            : volume.Spec.Csi is not null || volume.Spec.FlexVolume is not null
                ? EventNote.Normal(claim, reason, waiting)
                : EventNote.Warning(claim, reason, waiting);
    }

    private static ClaimPlan Bound(V1PersistentVolumeClaim claim, V1PersistentVolume? volume, bool isNamed)
    {
        if (volume is null)
        {
            var what = isNamed ? "its" : "reference to";
            return Lost(
                claim, "ClaimLost", $"Bound claim has lost {what} PersistentVolume. Data on the volume is lost!");
        }

        var owner = volume.Spec.ClaimRef;
        return owner is null || owner.Uid == claim.Metadata.Uid
            ? new ClaimPlan { Bind = volume }
            : Lost(
                claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
    }

    private static ClaimPlan Named(V1PersistentVolumeClaim claim, V1PersistentVolume? volume)
    {
        if (volume is null)
        {
            return Wait();
        }

        var name = volume.Metadata.Name;
        if (volume.Spec.ClaimRef is null)
        {
            return VolumeMatch.Mismatch(volume, claim) is { } why
                ? Wait(EventNote.Warning(claim, "VolumeMismatch", $"Cannot bind to requested volume \"{name}\": {why}"))
                : new ClaimPlan { Bind = volume };
        }

        if (VolumeMatch.IsFor(volume, claim))
        {
            return new ClaimPlan { Bind = volume };
        }

        var taken = EventNote.Warning(
            claim, "FailedBinding", $"volume \"{name}\" already bound to a different claim.");

        // What we have bound and somebody has made unbound is left as it is, for people to look at.
        return claim.Has(VolumeAnnotations.BoundByController) ? new ClaimPlan { Notes = [taken] } : Wait(taken);
    }

    private static ClaimPlan Unnamed(ClaimObserved observed)
    {
        var claim = observed.Claim;
        var isDelayed = observed.Class?.VolumeBindingMode == VolumeMatch.WaitForFirstConsumer;
        if (VolumeMatch.Find(claim, observed.Volumes, reservedOnly: isDelayed) is { } volume)
        {
            return new ClaimPlan { Bind = volume };
        }

        if (observed.DefaultClass is { } byDefault)
        {
            return new ClaimPlan { AssignClass = byDefault };
        }

        if (isDelayed && !claim.Has(VolumeAnnotations.SelectedNode))
        {
            return Wait(Delayed(observed));
        }

        return VolumeMatch.ClassOf(claim).Length > 0
            ? Provision(observed)
            : Wait(EventNote.Normal(
                claim, "FailedBinding", "no persistent volumes available for this claim and no storage class is set"));
    }

    private static EventNote Delayed(ClaimObserved observed) => observed.WaitingPods switch
    {
        [] => EventNote.Normal(
            observed.Claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding"),
        [var pod] => EventNote.Normal(observed.Claim, "WaitForPodScheduled", $"waiting for pod {pod} to be scheduled"),
        var pods => EventNote.Normal(
            observed.Claim,
            "WaitForPodScheduled",
            $"waiting for pods {string.Join(",", pods.Order(StringComparer.Ordinal))} to be scheduled"),
    };

    private static ClaimPlan Provision(ClaimObserved observed)
    {
        var claim = observed.Claim;
        if (observed.Class is null)
        {
            var missing = $"storageclass.storage.k8s.io \"{VolumeMatch.ClassOf(claim)}\" not found";
            return Wait(EventNote.Warning(claim, "ProvisioningFailed", missing));
        }

        var (provisioner, refusal) = VolumePlugins.Provision(observed.Class.Provisioner);
        return provisioner is null
            ? Wait(EventNote.Warning(claim, "ProvisioningFailed", refusal!))
            : Wait(EventNote.Normal(
                claim,
                "ExternalProvisioning",
                $"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually " +
                "by the system administrator. If volume creation is delayed, please verify that the provisioner is " +
                "running and correctly registered.")) with { Provisioner = provisioner };
    }

    private static ClaimPlan Wait(params EventNote[] notes) => new() { Phase = Pending, Notes = notes };

    private static ClaimPlan Lost(V1PersistentVolumeClaim claim, string reason, string message) => new()
    {
        Phase = "Lost", OnlyWhenNew = true, Notes = [EventNote.Warning(claim, reason, message)],
    };
}
