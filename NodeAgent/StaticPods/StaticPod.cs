using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>A pod that a manifest on the node asks for.</summary>
/// <param name="Pod">As the node runs it: with its defaults, its node's name and its uid.</param>
/// <param name="Digest">Another one for another content.</param>
public sealed record StaticPod(V1Pod Pod, string Digest);
