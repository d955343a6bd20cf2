namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What is to become of a pod.</summary>
/// <param name="Pod">The pod as it was decided on.</param>
/// <param name="NodeName">To bind it to; null when no node fits.</param>
/// <param name="Message">Why not.</param>
/// <param name="Attempts">How often it has been tried, this time included.</param>
public sealed record SchedulingDecision(PodInfo Pod, string? NodeName, string? Message, int Attempts)
{
    /// <summary>What the pod's <c>status.nominatedNodeName</c> is to be; null to leave it.</summary>
    public string? Nomination { get; init; }

    /// <summary>Who is to be removed for it; null when nobody is, and nothing is to be waited for.</summary>
    public PreemptionPlan? Preemption { get; init; }

    /// <summary>What its unbound claims need before it can be bound.</summary>
    public IReadOnlyList<VolumeChoice> Volumes { get; init; } = [];

    /// <summary>What becomes of its ResourceClaims before it can be bound.</summary>
    public IReadOnlyList<DeviceChoice> Devices { get; init; } = [];

    /// <summary>How long others may take for its volumes.</summary>
    public TimeSpan VolumePatience { get; init; } = BindingWait.Patience;

    /// <summary>How long others may take for its devices.</summary>
    public TimeSpan DevicePatience { get; init; } = BindingWait.Patience;

    /// <summary>Devices of its ResourceClaims must be prepared first.</summary>
    public bool AwaitsDevices => Devices.Any(static d => d.IsAwaited);

    /// <summary>Others must do something before it can be bound, and may take their time.</summary>
    public bool Waits => Volumes.Count > 0 || AwaitsDevices;

    /// <summary>A ResourceClaim that is to give back its devices, so that the pod fits somewhere.</summary>
    public DeviceChoice? Deallocation { get; init; }

    /// <summary>The pod could not be judged at all, as <see cref="Message"/> says.</summary>
    public bool IsError { get; init; }
}

/// <summary>What must be done before room is made for a pod.</summary>
/// <param name="Victims">To be removed, by importance.</param>
/// <param name="Displaced">Waiting pods that lose their nomination.</param>
public sealed record PreemptionPlan(IReadOnlyList<PodInfo> Victims, IReadOnlyList<PodInfo> Displaced);
