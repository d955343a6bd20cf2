namespace OrleansOrchestrator.Resources.Core.Connections;

/// <summary>What somebody wants of a node's server.</summary>
public sealed class NodeProxyOptions : ProxyOptions;
