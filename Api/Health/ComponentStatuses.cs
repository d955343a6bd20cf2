using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Health;

/// <summary>
/// The health of upstream's components, for clients that know them by name. Scheduler and controllers are grains here:
/// they run wherever a journal answers, so one probe tells of all three.
/// </summary>
public sealed class ComponentStatuses(IEnumerable<IHealthProbe> probes, HealthChecker checker) : IObjectSource
{
    /// <summary>The probe that all of them stand on.</summary>
    public const string StoreProbe = "store";

    private static readonly string[] Names = ["controller-manager", "etcd-0", "scheduler"];

    /// <inheritdoc/>
    public ResourceName Resource => WellKnown.ComponentStatuses;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> ListAsync(
        CancellationToken cancellationToken)
    {
        var store = probes.Single(static p => p.Name == StoreProbe);
        var failure = await checker.CheckAsync(store, cancellationToken);
        return [.. Names.Select(name => Describe(name, failure))];
    }

    private static V1ComponentStatus Describe(string name, string? failure) => new()
    {
        ApiVersion = "v1", Kind = "ComponentStatus",
        Metadata = new V1ObjectMeta { Name = name },
        Conditions =
        [
            new V1ComponentCondition
            {
                Type = "Healthy", Status = failure is null ? "True" : "False",
                Message = failure is null ? "ok" : "the store does not answer, see the server's log",
            },
        ],
    };
}
