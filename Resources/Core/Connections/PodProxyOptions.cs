namespace OrleansOrchestrator.Resources.Core.Connections;

/// <summary>What somebody wants of a pod's server.</summary>
public sealed class PodProxyOptions : ProxyOptions;
