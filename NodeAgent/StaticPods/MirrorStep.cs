using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>Something to do about a mirror: one of the two.</summary>
/// <param name="Stale">A mirror that is to go.</param>
/// <param name="Missing">A static pod that is to get one.</param>
public sealed record MirrorStep(V1Pod? Stale, V1Pod? Missing);
