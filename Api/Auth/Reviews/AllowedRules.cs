using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>What an authorizer allows somebody.</summary>
/// <param name="Resources">On resources.</param>
/// <param name="Paths">On paths that are no resource's.</param>
public sealed record AllowedRules(
    IReadOnlyList<V1ResourceRule> Resources, IReadOnlyList<V1NonResourceRule> Paths)
{
    /// <summary>What went wrong, or why this is not all.</summary>
    public IReadOnlyList<string> Complaints { get; init; } = [];

    /// <summary>The authorizer cannot list what it allows.</summary>
    public bool IsIncomplete { get; init; }

    /// <summary>An authorizer that cannot list what it allows.</summary>
    public static AllowedRules Unknown(string why) => new([], []) { Complaints = [why], IsIncomplete = true };

    /// <summary>What several authorizers allow somebody together.</summary>
    public static async ValueTask<AllowedRules> OfAsync(
        IEnumerable<IRuleSource> sources, UserIdentity user, string space, CancellationToken cancellationToken)
    {
        var all = new AllowedRules([], []);
        foreach (var source in sources)
        {
            all = all.With(await source.RulesForAsync(user, space, cancellationToken));
        }

        return all;
    }

    private AllowedRules With(AllowedRules more) => new(
        [.. Resources, .. more.Resources], [.. Paths, .. more.Paths])
    {
        Complaints = [.. Complaints, .. more.Complaints], IsIncomplete = IsIncomplete || more.IsIncomplete,
    };
}
