namespace OrleansOrchestrator.Resources.Core.Connections;

/// <summary>What somebody wants of a service's server.</summary>
public sealed class ServiceProxyOptions : ProxyOptions;
