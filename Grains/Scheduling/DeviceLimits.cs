namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>How long finding and preparing devices may take: upstream's DynamicResourcesArgs.</summary>
public sealed record DeviceLimits
{
    /// <summary>To search for devices on one node; zero for as long as it takes.</summary>
    public TimeSpan Search { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For drivers to prepare devices before a pod is bound.</summary>
    public TimeSpan Preparation { get; init; } = BindingWait.Patience;
}
