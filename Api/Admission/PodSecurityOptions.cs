using OrleansOrchestrator.Resources.Core.Pods.PodSecurity;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>What upstream reads from a <c>PodSecurityConfiguration</c>.</summary>
public sealed record PodSecurityOptions
{
    /// <summary>What counts in namespaces without labels.</summary>
    public PodSecurityPolicy Defaults { get; init; } = PodSecurityPolicy.Privileged;

    /// <summary>Users whose pods are not looked at.</summary>
    public IReadOnlySet<string> ExemptUsernames { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Namespaces whose pods are not looked at.</summary>
    public IReadOnlySet<string> ExemptNamespaces { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Runtime classes whose pods are not looked at: their sandbox is another one.</summary>
    public IReadOnlySet<string> ExemptRuntimeClasses { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>How many of a namespace's pods are looked at when it becomes stricter; upstream's number.</summary>
    public int MaxPodsToCheck { get; init; } = 3000;

    /// <summary>How long they are looked at; upstream's number.</summary>
    public TimeSpan PodCheckTimeout { get; init; } = TimeSpan.FromSeconds(1);
}
