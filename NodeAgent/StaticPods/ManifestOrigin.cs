namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>Where a manifest comes from.</summary>
/// <param name="Place">Path of the file, or the address: the same text in another place is another pod.</param>
/// <param name="IsFile">A file's pods are the node's alone; what an address tells, several nodes may be told.</param>
internal sealed record ManifestOrigin(string Place, bool IsFile);
