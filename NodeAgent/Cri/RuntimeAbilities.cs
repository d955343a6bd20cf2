using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Cri;

/// <summary>
/// What a container runtime can do beyond what every one does. One that does not say can do none of it: what the pod
/// asks for is then refused or, where it says so, done without; it is never taken for done.
/// </summary>
public sealed record RuntimeAbilities
{
    public static RuntimeAbilities None { get; } = new();

    /// <summary>Everything mounted below a read-only mount can be read-only, too.</summary>
    public bool RecursiveReadOnlyMounts { get; init; }

    /// <summary>A process can be kept out of the groups that its image gives it.</summary>
    public bool SupplementalGroupsPolicy { get; init; }

    /// <summary>What can run pods, by the names that RuntimeClasses call it; in order, so that one answer is like the
    /// other.</summary>
    public IReadOnlyList<V1NodeRuntimeHandler> Handlers { get; init; } = [];

    public static RuntimeAbilities From(StatusResponse answer) => new()
    {
        Handlers = [.. answer.RuntimeHandlers.OrderBy(h => h.Name, StringComparer.Ordinal).Select(Handler)],
        RecursiveReadOnlyMounts = answer.RuntimeHandlers.Any(h => IsDefault(h)
            && h.Features?.RecursiveReadOnlyMounts == true),
        SupplementalGroupsPolicy = answer.Features?.SupplementalGroupsPolicy == true,
    };

    private static V1NodeRuntimeHandler Handler(RuntimeHandler handler) => new()
    {
        Name = handler.Name,
        Features = new V1NodeRuntimeHandlerFeatures
        {
            RecursiveReadOnlyMounts = handler.Features?.RecursiveReadOnlyMounts == true,
            UserNamespaces = handler.Features?.UserNamespaces == true,
        },
    };

    /// <summary>The handler of pods that name no RuntimeClass.</summary>
    private static bool IsDefault(RuntimeHandler handler) => handler.Name.Length == 0;
}
