namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>A manifest is not one of a pod that can be static; the words are upstream's.</summary>
public sealed class ManifestException(string message) : Exception(message);
