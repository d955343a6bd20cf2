using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Extended resources that somebody else than the scheduler counts: upstream's NodeResourcesFitArgs.</summary>
/// <param name="Names">Names of resources.</param>
/// <param name="Groups">What stands before the slash in names of others.</param>
public sealed record IgnoredResources(IReadOnlySet<string> Names, IReadOnlySet<string> Groups)
{
    public static readonly IgnoredResources None = new(new HashSet<string>(), new HashSet<string>());

    public bool IsEmpty => Names.Count == 0 && Groups.Count == 0;

    public bool Contains(string resource) => ResourceNames.IsExtended(resource)
        && (Names.Contains(resource) || Groups.Contains(resource.Split('/')[0]));
}
