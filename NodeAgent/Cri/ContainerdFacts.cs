using Grpc.Core;

namespace OrleansOrchestrator.NodeAgent.Cri;

/// <summary>What containerd's CRI part uses of containerd itself.</summary>
internal static class ContainerdFacts
{
    public const string Snapshotter = "overlayfs";

    /// <summary>The namespace of all that CRI made.</summary>
    public const string NamespaceName = "k8s.io";

    /// <summary>Names that namespace in every call of containerd's own services.</summary>
    public static readonly Metadata Namespace = new() { { "containerd-namespace", NamespaceName } };
}
