using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>Annotations by which a node says where a pod of its own comes from; the names are the kubelet's.</summary>
public static class ConfigAnnotations
{
    /// <summary>Where it comes from; the node's own are <see cref="FromFile"/> or <see cref="FromUrl"/>.</summary>
    public const string Source = "kubernetes.io/config.source";

    public const string FromFile = "file";

    /// <summary>From the address that the node was told of.</summary>
    public const string FromUrl = "http";

    /// <summary>Another one for another content, and the pod's uid unless the manifest has one.</summary>
    public const string Hash = "kubernetes.io/config.hash";

    /// <summary>When the node has first seen it.</summary>
    public const string Seen = "kubernetes.io/config.seen";

    /// <summary>On the pod in the API that stands for one of a file: the hash of that one.</summary>
    public const string Mirror = PodAnnotations.Mirror;
}
