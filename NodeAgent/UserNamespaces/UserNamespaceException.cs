namespace OrleansOrchestrator.NodeAgent.UserNamespaces;

/// <summary>A pod cannot have user ids of its own here, or what is known of them is broken.</summary>
public sealed class UserNamespaceException(string message) : Exception(message);
