using k8s.Models;

namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>The machines that nodes run on. A failure is a <see cref="CloudException"/>.</summary>
public interface ICloudInstances
{
    /// <summary>False when the cloud surely has no machine of this node.</summary>
    Task<bool> ExistsAsync(V1Node node, CancellationToken cancellationToken);

    /// <summary>True when the machine is there, and off.</summary>
    Task<bool> IsShutdownAsync(V1Node node, CancellationToken cancellationToken);

    /// <summary>What the cloud knows of the machine; null when it wants the node left alone for now.</summary>
    Task<CloudInstance?> DescribeAsync(V1Node node, CancellationToken cancellationToken);
}

/// <summary>A machine as its cloud knows it; what is empty the cloud does not tell.</summary>
public sealed record CloudInstance
{
    public string ProviderId { get; init; } = "";

    public string InstanceType { get; init; } = "";

    public IReadOnlyList<V1NodeAddress> Addresses { get; init; } = [];

    public string Zone { get; init; } = "";

    public string Region { get; init; } = "";

    /// <summary>Labels besides the usual ones; none of them may change a label that the node has.</summary>
    public IReadOnlyDictionary<string, string> AdditionalLabels { get; init; } = new Dictionary<string, string>();
}
