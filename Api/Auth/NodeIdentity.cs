using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Which users are nodes: those named <c>system:node:NAME</c> in the group <c>system:nodes</c>.</summary>
public static class NodeIdentity
{
    /// <summary>The node that a user is; null for everybody else, empty for a node without a name.</summary>
    public static string? NodeOf(UserIdentity user) =>
        user.Name.StartsWith(SystemNames.NodePrefix, StringComparison.Ordinal)
            && user.Groups.Contains(SystemNames.Nodes)
            ? user.Name[SystemNames.NodePrefix.Length..]
            : null;
}
