namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>A device, cluster-wide.</summary>
public readonly record struct DeviceId(string Driver, string Pool, string Device)
{
    public override string ToString() => $"{Driver}/{Pool}/{Device}";
}
